// Plays one scene in the user-mode kernel: a node and the world around it, each a fresh network namespace. It knows
// nothing of Services; packets are bytes to it, and the host makes and reads them. One command a line:
//
//     node | world                 the namespace for what follows (at first: node)
//     write PATH VALUE             into a file of /proc/sys
//     run FILE PROGRAM ARGUMENT…   FILE (of /mnt, if not absolute) on standard input; output as "| …" lines
//     watch FAR NAME               from now on see what comes out at the world's interface FAR, as from NAME
//     listen                       from now on see what the node hands to its own sockets
//     frame NAME HEX               an Ethernet frame into the cable that was watched as NAME
//     packet HEX                   an IP packet from a process of the node
//     pause MILLISECONDS
//     collect                      all that was seen: "seen NAME HEX" (NAME is - for the node's sockets), "lost COUNT"
//
// ip takes the node's namespace as /proc/self/fd/NODE, the world's as /proc/self/fd/WORLD.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NODE = 50, WORLD = 51, PLACES = 40, FRAME = 2048, WORDS = 64 };

struct place { char name[32]; int socket; int protocol; }; // protocol: of an IPv6 raw socket, which shows no IP header

static struct place places[PLACES];
static int place_count, process4 = -1, process6 = -1;

static void die(const char *what) { perror(what); exit(2); }

static void enter(int space) { if (setns(space, CLONE_NEWNET) != 0) die("setns"); }

// A namespace of its own, kept by a descriptor with a number that the scene's commands know.
static void create(int number)
{
    if (unshare(CLONE_NEWNET) != 0) die("unshare");
    int fd = open("/proc/self/ns/net", O_RDONLY);
    if (fd < 0 || dup2(fd, number) < 0) die("namespace");
    close(fd);
}

static int open_socket(int family, int type, int protocol)
{
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol), bytes = 64 << 20;
    if (fd < 0) die("socket");
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) die("SO_RCVBUFFORCE");
    return fd;
}

static void add(const char *name, int fd, int protocol)
{
    if (place_count == PLACES) { fprintf(stderr, "too many places\n"); exit(2); }
    struct place *place = &places[place_count++];
    snprintf(place->name, sizeof place->name, "%s", name);
    place->socket = fd;
    place->protocol = protocol;
}

static void watch(const char *far, const char *name)
{
    enter(WORLD);
    int fd = open_socket(AF_PACKET, SOCK_RAW, 0), one = 1;
    struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(3 /* ETH_P_ALL */) };
    at.sll_ifindex = if_nametoindex(far);
    if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) != 0) die("PACKET_IGNORE_OUTGOING");
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0) die(far);
    add(name, fd, 0);
}

// Raw sockets get a copy of what is delivered, behind the INPUT hook.
static void listen_at_node(void)
{
    int services[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP }, one = 1;
    enter(NODE);
    for (int i = 0; i < 4; i++) {
        add("-", open_socket(AF_INET, SOCK_RAW, i < 3 ? services[i] : IPPROTO_ICMP), 0);
        int protocol = i < 3 ? services[i] : IPPROTO_ICMPV6, fd = open_socket(AF_INET6, SOCK_RAW, protocol);
        if (setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof one) != 0) die("IPV6_RECVPKTINFO");
        add("-", fd, protocol);
    }
    process4 = open_socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
    process6 = open_socket(AF_INET6, SOCK_RAW, IPPROTO_RAW);
}

static void print(const char *name, const unsigned char *bytes, int length)
{
    printf("seen %s ", name);
    for (int i = 0; i < length; i++) printf("%02x", bytes[i]);
    putchar('\n');
}

// 1 when something was there. To what an IPv6 raw socket shows, the header is put back that the kernel took off.
static int receive(const struct place *place)
{
    unsigned char frame[FRAME];
    int head = place->protocol != 0 ? 40 : 0;
    char control[256];
    struct sockaddr_in6 from;
    struct iovec data = { frame + head, sizeof frame - head };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (head != 0) { message.msg_name = &from; message.msg_namelen = sizeof from; }
    int length = recvmsg(place->socket, &message, 0);
    if (length < 0 && errno != EAGAIN) die("recvmsg");
    if (length < 0) return 0;
    if (head != 0) {
        memset(frame, 0, head);
        frame[0] = 0x60;
        frame[4] = length >> 8;
        frame[5] = length & 255;
        frame[6] = place->protocol;
        memcpy(frame + 8, &from.sin6_addr, 16);
        for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part != NULL; part = CMSG_NXTHDR(&message, part))
            if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO)
                memcpy(frame + 24, &((struct in6_pktinfo *)CMSG_DATA(part))->ipi6_addr, 16);
    }
    print(place->name, frame, head + length);
    return 1;
}

// Silence in three looks in a row ends it: forwarding is done before a send returns, unless ksoftirqd has it.
static void collect(void)
{
    for (int quiet = 0; quiet < 3; quiet++) {
        usleep(2000);
        for (int i = 0; i < place_count; i++) while (receive(&places[i])) quiet = -1;
    }
    unsigned lost = 0, info[9];
    for (int i = 0; i < place_count; i++) {
        socklen_t size = sizeof info;
        if (getsockopt(places[i].socket, SOL_SOCKET, SO_MEMINFO, info, &size) != 0) die("SO_MEMINFO");
        lost += info[8]; // SK_MEMINFO_DROPS
    }
    printf("lost %u\n", lost);
}

static int unhex(const char *text, unsigned char *bytes)
{
    int length = 0;
    for (unsigned byte; length < FRAME && sscanf(text, "%2x", &byte) == 1; text += 2) bytes[length++] = byte;
    return length;
}

static void send_frame(const char *name, const char *hex)
{
    unsigned char frame[FRAME];
    int length = unhex(hex, frame);
    for (int i = 0; i < place_count; i++) {
        if (strcmp(places[i].name, name) != 0) continue;
        if (send(places[i].socket, frame, length, 0) != length) die("send");
        return;
    }
    fprintf(stderr, "nobody watches %s\n", name);
    exit(2);
}

// What the kernel will not take from a process was dropped by a rule, or has no route; both are seen as nothing.
static void send_packet(const char *hex)
{
    unsigned char packet[FRAME];
    int length = unhex(hex, packet);
    struct sockaddr_in to4 = { .sin_family = AF_INET };
    struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
    memcpy(&to4.sin_addr, packet + 16, 4);
    memcpy(&to6.sin6_addr, packet + 24, 16);
    if (packet[0] >> 4 == 4) sendto(process4, packet, length, 0, (struct sockaddr *)&to4, sizeof to4);
    else sendto(process6, packet, length, 0, (struct sockaddr *)&to6, sizeof to6);
}

static void run(char **words)
{
    char path[512], line[4096];
    int output[2], status;
    snprintf(path, sizeof path, "/mnt/%s", words[0]);
    if (words[0][0] == '/') snprintf(path, sizeof path, "%s", words[0]);
    if (pipe(output) != 0) die("pipe");
    pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) {
        int input = open(path, O_RDONLY);
        if (input < 0) die(path);
        dup2(input, 0);
        dup2(output[1], 1);
        dup2(output[1], 2);
        close(output[0]);
        execvp(words[1], words + 1);
        die(words[1]);
    }
    close(output[1]);
    FILE *said = fdopen(output[0], "r");
    while (fgets(line, sizeof line, said) != NULL) printf("| %s", line);
    fclose(said);
    waitpid(child, &status, 0);
    if (status == 0) return;
    fprintf(stderr, "%s: status %d\n", words[1], status);
    exit(3);
}

// The end of the line also where there is no value: it makes a list empty.
static void write_file(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY);
    if (fd < 0 || dprintf(fd, "%s\n", value) < 0) die(path);
    close(fd);
}

int main(int count, char **arguments)
{
    static char line[8192];
    if (count != 2) return 1;
    FILE *scene = fopen(arguments[1], "re");
    if (scene == NULL) die(arguments[1]);
    create(WORLD);
    create(NODE);
    while (fgets(line, sizeof line, scene) != NULL) {
        char *words[WORDS + 1] = { 0 };
        int words_count = 0;
        for (char *word = strtok(line, " \n"); word != NULL && words_count < WORDS; word = strtok(NULL, " \n"))
            words[words_count++] = word;
        if (words_count == 0) continue;
        if (strcmp(words[0], "node") == 0) enter(NODE);
        else if (strcmp(words[0], "world") == 0) enter(WORLD);
        else if (strcmp(words[0], "write") == 0) write_file(words[1], words_count > 2 ? words[2] : "");
        else if (strcmp(words[0], "run") == 0) run(words + 1);
        else if (strcmp(words[0], "watch") == 0) watch(words[1], words[2]);
        else if (strcmp(words[0], "listen") == 0) listen_at_node();
        else if (strcmp(words[0], "frame") == 0) send_frame(words[1], words[2]);
        else if (strcmp(words[0], "packet") == 0) send_packet(words[1]);
        else if (strcmp(words[0], "pause") == 0) usleep(1000 * atoi(words[1]));
        else if (strcmp(words[0], "collect") == 0) collect();
        else { fprintf(stderr, "no command: %s\n", words[0]); return 2; }
    }
    return 0;
}
