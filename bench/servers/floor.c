// Physical floor: epoll server that fans pre-built chunks out to N sockets, one send() per socket per flush.
//  gcc -O3 -march=native -o floor floor.c
//  ./floor PORT  ;  GET /sse subscribes, GET /start?size=64&k=1&mode=send|writev|uring&rate=0 starts publishing, /stop stops, /stats tells {"published":…}
// rate=0: tight loop (one flush of k events, then one epoll_wait(0) round); rate=R: R events/s
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <errno.h>
#include <stdint.h>
#include <time.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/resource.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
static uint64_t ns(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000ull + t.tv_nsec; }
static int subs[70000], nsubs; static int size = 64, K = 1, mode = 0, on = 0, raw = 0; static double rate = 0;
static char chunk[4 << 20]; static struct iovec iov[1024];
static uint64_t nsend, neagain, npub, nturn;
static int arg(const char *b, const char *k, int d) { char *p = strstr(b, k); return p ? atoi(p + strlen(k)) : d; }
static size_t build(void) { // K events, each: chunk head + "data: <ns>~xxx\r\n\r\n" + CRLF
  size_t o = 0; for (int i = 0; i < K; i++) { size_t s = o; char *b = chunk + o; int h = raw ? 0 : sprintf(b, "%x\r\n", size); char *d = b + h;
    int n = sprintf(d, "data: %llu~", (unsigned long long)ns()); memset(d + n, 'x', size - n - 4); memcpy(d + size - 4, "\r\n\r\n", 4); if (!raw) { d[size] = '\r'; d[size + 1] = '\n'; } o += h + size + (raw ? 0 : 2);
    iov[i].iov_base = chunk + s; iov[i].iov_len = o - s; }
  return o; }
// --- minimal io_uring
static int ufd = -1; static unsigned *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask; static struct io_uring_sqe *sqes; static struct io_uring_cqe *cqes; static unsigned QD = 4096;
static void uinit(void) { struct io_uring_params p = {0}; p.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN; ufd = syscall(__NR_io_uring_setup, QD, &p); if (ufd < 0) { perror("io_uring_setup"); exit(1); }
  char *sq = mmap(0, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ufd, IORING_OFF_SQ_RING); char *cq = mmap(0, p.cq_off.cqes + p.cq_entries * sizeof *cqes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ufd, IORING_OFF_CQ_RING);
  sqes = mmap(0, p.sq_entries * sizeof *sqes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ufd, IORING_OFF_SQES);
  sq_tail = (void *)(sq + p.sq_off.tail); sq_mask = (void *)(sq + p.sq_off.ring_mask); sq_array = (void *)(sq + p.sq_off.array); cq_head = (void *)(cq + p.cq_off.head); cq_tail = (void *)(cq + p.cq_off.tail); cq_mask = (void *)(cq + p.cq_off.ring_mask); cqes = (void *)(cq + p.cq_off.cqes); }
static void uflush(size_t len) { unsigned done = 0; while (done < (unsigned)nsubs) { unsigned n = nsubs - done; if (n > QD) n = QD; unsigned t = *sq_tail;
    for (unsigned i = 0; i < n; i++) { unsigned x = (t + i) & *sq_mask; struct io_uring_sqe *s = &sqes[x]; memset(s, 0, sizeof *s); s->opcode = IORING_OP_SEND; s->fd = subs[done + i]; s->addr = (uintptr_t)chunk; s->len = len; s->msg_flags = MSG_NOSIGNAL | MSG_DONTWAIT; s->user_data = i; sq_array[x] = x; }
    __atomic_store_n(sq_tail, t + n, __ATOMIC_RELEASE); int r = syscall(__NR_io_uring_enter, ufd, n, n, IORING_ENTER_GETEVENTS, NULL, 0); if (r < 0) { perror("enter"); exit(1); }
    unsigned h = *cq_head, ct = __atomic_load_n(cq_tail, __ATOMIC_ACQUIRE); while (h != ct) { if (cqes[h & *cq_mask].res < 0) neagain++; h++; nsend++; } __atomic_store_n(cq_head, h, __ATOMIC_RELEASE); done += n; } }
static void flush(void) { size_t len = build(); npub += K; nturn++;
  if (mode == 2) { if (ufd < 0) uinit(); uflush(len); return; }
  for (int i = 0; i < nsubs; i++) { ssize_t r = mode == 1 ? writev(subs[i], iov, K) : send(subs[i], chunk, len, MSG_NOSIGNAL | MSG_DONTWAIT); nsend++; if (r < (ssize_t)len) neagain++; } }
int main(int c, char **v) {
  int port = atoi(v[1]); struct rlimit rl = {70000, 70000}; if (setrlimit(RLIMIT_NOFILE, &rl)) perror("rlimit");
  int l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1; setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one); struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(0x7f000001)};
  if (bind(l, (void *)&a, sizeof a) || listen(l, 4096)) { perror("listen"); return 1; }
  int ep = epoll_create1(0); struct epoll_event e = {.events = EPOLLIN, .data.fd = l}; epoll_ctl(ep, EPOLL_CTL_ADD, l, &e); uint64_t next = 0; struct epoll_event ev[512];
  for (;;) { int to = 1000; if (on) { if (rate <= 0) { flush(); to = 0; } else { uint64_t now = ns(); if (now >= next) { flush(); next += 1e9 * K / rate; } now = ns(); to = next > now ? (next - now) / 1000000 : 0; } }
    int n = epoll_wait(ep, ev, 512, to);
    for (int i = 0; i < n; i++) { int f = ev[i].data.fd; if (f == l) { int s; while ((s = accept4(l, 0, 0, SOCK_NONBLOCK)) >= 0) { if (!getenv("NAGLE")) setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); struct epoll_event x = {.events = EPOLLIN, .data.fd = s}; epoll_ctl(ep, EPOLL_CTL_ADD, s, &x); } continue; }
      char b[4096]; ssize_t r = recv(f, b, sizeof b - 1, 0); if (r <= 0) { if (r < 0 && errno == EAGAIN) continue; for (int j = 0; j < nsubs; j++) if (subs[j] == f) { subs[j] = subs[--nsubs]; break; } close(f); if (!nsubs) { if (on) fprintf(stderr, "sends=%llu short=%llu\n", (unsigned long long)nsend, (unsigned long long)neagain); on = 0; } continue; }
      b[r] = 0; if (!strncmp(b, "GET /sse", 8)) { const char *h = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n:\r\n\r\n\r\n"; if (send(f, h, strlen(h), 0) < 0) perror("send"); subs[nsubs++] = f; }
      else { char h[256], body[96]; if (!strncmp(b, "GET /start", 10)) { size = arg(b, "size=", 64); K = arg(b, "k=", 1); rate = arg(b, "rate=", 0); mode = strstr(b, "mode=writev") ? 1 : strstr(b, "mode=uring") ? 2 : 0; on = 1; next = ns(); nsend = neagain = 0; }
        if (!strncmp(b, "GET /stop", 9)) on = 0;
        int n = sprintf(body, "{\"published\":%llu,\"turns\":%llu,\"heapBytes\":0}", (unsigned long long)npub, (unsigned long long)nturn);
        int k = sprintf(h, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", n, body); if (send(f, h, k, 0) < 0) perror("send"); } } }
}
