#!/usr/bin/env bash
# Runs .ci/run on a machine that has never seen this project: a Debian 12 tree of base packages, made by mmdebstrap and
# thrown away, with the .NET SDK of this machine and a clone of HEAD. Needs root, mmdebstrap and the network.
#     tools/fresh-machine.sh              .ci/run; the last line is its tally
#     tools/fresh-machine.sh bash         look around instead
# The tree is a chroot in a mount and a PID namespace of its own: nothing of it stays on this machine.
set -euo pipefail

# What the CI machine has beside the SDK (.github/workflows/ci.yml).
base=ca-certificates,curl,git,libicu72

checkout=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
sdk=$(dirname "$(readlink -f "$(command -v dotnet)")")
tree=$(mktemp -d /var/tmp/rulec-fresh.XXXXXX)
trap 'rm -rf --one-file-system "$tree"' EXIT

mmdebstrap --quiet --variant=minbase --include="$base" bookworm "$tree"
mkdir -p "$tree/usr/share/dotnet"
cp -a "$sdk/." "$tree/usr/share/dotnet/"
ln -s /usr/share/dotnet/dotnet "$tree/usr/bin/dotnet"
cp -L /etc/resolv.conf "$tree/etc/resolv.conf"
git clone --quiet --no-hardlinks "$checkout" "$tree/root/checkout"

[ $# -gt 0 ] || set -- .ci/run
# Mounts end with the namespace, so that the tree can be removed whatever happened in it.
unshare --mount --propagation private --pid --fork --kill-child bash -euc '
    tree=$1; shift
    mount -t proc proc "$tree/proc"
    mount --rbind /sys "$tree/sys"
    mount --rbind /dev "$tree/dev"
    mount -t tmpfs tmpfs "$tree/run"
    mount -t tmpfs tmpfs "$tree/tmp"
    exec chroot "$tree" env -i HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        ${NUGET_CERT_REVOCATION_MODE:+NUGET_CERT_REVOCATION_MODE="$NUGET_CERT_REVOCATION_MODE"} \
        bash -c '\''cd /root/checkout && "$@"'\'' bash "$@"
' bash "$tree" "$@"
