#!/bin/sh
# Init of the user-mode kernel. The root is the host's, read-only; WORK, from the kernel's command line, is a folder of
# the host where the scenes are and where what they saw goes. One line of standard input is one scene: its file's name.
# "ready" and "done STATUS" are the answers. The end of the input, or LIFETIME seconds, is a halt. iptables is legacy:
# this kernel has nf_tables without a family of IP (CONFIG_NF_TABLES_IPV4 is not set).
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mount -t hostfs none /lib/modules -o /usr/lib/uml/modules
mount -t hostfs none /mnt -o "$WORK"
(sleep "$LIFETIME"; halt -f -p) &
modprobe -a dummy veth \
    ip_vs ip_vs_rr ip_vs_wrr ip_vs_lc ip_vs_wlc ip_vs_lblc ip_vs_lblcr ip_vs_dh ip_vs_sh ip_vs_sed ip_vs_nq ip_vs_mh \
    ip_vs_fo ip_vs_ovf \
    ip_set_bitmap_port ip_set_hash_ip ip_set_hash_ipport ip_set_hash_ipportip ip_set_hash_ipportnet \
    iptable_raw iptable_mangle iptable_nat iptable_filter ip6table_raw ip6table_mangle ip6table_nat ip6table_filter \
    xt_set xt_ipvs xt_physdev xt_addrtype xt_conntrack xt_comment xt_mark xt_MASQUERADE xt_tcpudp ipt_REJECT ip6t_REJECT
# While ksoftirqd waits for the processor, packets of cables wait with it (kernel/softirq.c:ksoftirqd_running @v6.1) and
# what a process of the node sends overtakes them. With this priority it does not wait.
for process in $(pgrep ksoftirqd); do chrt --fifo --pid 1 "$process"; done
echo ready
while read -r scene; do
    /mnt/scene "/mnt/$scene" >"/mnt/$scene.seen" 2>"/mnt/$scene.errors"
    echo "done $?"
done
halt -f -p
