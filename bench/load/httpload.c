// httpload: single-threaded epoll load client for HTTP/1.1 requests on kept connections.
//   gcc -O3 -o httpload httpload.c
// Sends the same request over N connections, one after the other on each, for a while; reads the server's CPU time.
// An answer ends where its Content-Length or its last chunk says. Any other status than 200 ends the run with code 1.
// One JSON line on stdout.
//
//  -p PORT   server port (required)
//  -f FILE   the request, byte for byte
//  -n N      connections          (64)
//  -w SEC    warm-up              (0.3)
//  -d SEC    measuring window     (1)
//  -i US     pause of each connection between an answer and its next request (0; for a probe beside other load)
//  -P PID    the server's pid
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <errno.h>
#include <stdint.h>
#include <time.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>

#define BUFSZ 16384
typedef struct { int fd; size_t have; uint64_t sent, due; char buf[BUFSZ]; } conn;

static uint64_t ns(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000ull + t.tv_nsec; }
static double cpu(clockid_t c) { struct timespec t; return clock_gettime(c, &t) ? 0 : t.tv_sec + t.tv_nsec / 1e9; }
static char req[16384]; static size_t reqlen; static uint32_t *L; static size_t nL, capL = 4u << 20; static int inwin; static uint64_t done;

static void ask(conn *c) {
  c->have = 0; c->due = 0; c->sent = ns();
  if (send(c->fd, req, reqlen, MSG_NOSIGNAL) != (ssize_t)reqlen) { perror("send"); exit(1); }
}
// whether the answer in the buffer is complete
static int complete(conn *c) {
  c->buf[c->have] = 0; char *end = strstr(c->buf, "\r\n\r\n"); if (!end) return 0;
  if (strncmp(c->buf + 9, "200", 3)) { fprintf(stderr, "not 200: %.200s\n", c->buf); exit(1); }
  *end = 0; char *l = strcasestr(c->buf, "\r\ncontent-length:"), *t = strcasestr(c->buf, "\r\ntransfer-encoding:"); *end = '\r';
  if (l) return c->have >= (size_t)(end + 4 - c->buf) + strtoul(l + 17, 0, 10);
  if (t) return c->have >= 5 && !memcmp(c->buf + c->have - 5, "0\r\n\r\n", 5);
  fprintf(stderr, "an answer without a length\n"); exit(1);
}
static void onread(conn *c, uint64_t pause) {
  ssize_t r = recv(c->fd, c->buf + c->have, BUFSZ - 1 - c->have, MSG_DONTWAIT);
  if (r < 0 && errno == EAGAIN) return;
  if (r <= 0) { fprintf(stderr, "the server closed a connection\n"); exit(1); }
  c->have += r; if (!complete(c)) return;
  uint64_t now = ns(); if (inwin) { done++; if (nL < capL) L[nL++] = (now - c->sent) / 1000; }
  if (pause) c->due = now + pause; else ask(c);
}
static int cmp(const void *a, const void *b) { uint32_t x = *(uint32_t *)a, y = *(uint32_t *)b; return x < y ? -1 : x > y; }

int main(int argc, char **argv) {
  int port = 0, N = 64, pid = 0, o; double warm = 0.3, dur = 1; char *file = 0; uint64_t pause = 0;
  while ((o = getopt(argc, argv, "p:f:n:w:d:i:P:")) != -1) switch (o) {
    case 'p': port = atoi(optarg); break; case 'f': file = optarg; break; case 'n': N = atoi(optarg); break; case 'w': warm = atof(optarg); break;
    case 'd': dur = atof(optarg); break; case 'i': pause = strtoull(optarg, 0, 10) * 1000; break; case 'P': pid = atoi(optarg); break; default: return 2; }
  if (!port || !file) { fprintf(stderr, "usage: see head of httpload.c\n"); return 2; }
  FILE *h = fopen(file, "r"); if (!h) { perror(file); return 2; } reqlen = fread(req, 1, sizeof req, h); fclose(h);
  clockid_t clk = 0; if (pid && clock_getcpuclockid(pid, &clk)) { fprintf(stderr, "no cpu clock for %d\n", pid); return 2; }
  conn *C = calloc(N, sizeof *C); L = malloc(capL * sizeof *L); int ep = epoll_create1(0), one = 1;
  struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(0x7f000001)};
  for (int i = 0; i < N; i++) { C[i].fd = socket(AF_INET, SOCK_STREAM, 0); setsockopt(C[i].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(C[i].fd, (void *)&sa, sizeof sa)) { perror("connect"); return 1; }
    struct epoll_event e = {.events = EPOLLIN, .data.u32 = i}; epoll_ctl(ep, EPOLL_CTL_ADD, C[i].fd, &e); ask(&C[i]); }
  uint64_t t = ns(), begin = t + warm * 1e9, end = begin + dur * 1e9; double c0 = 0; struct epoll_event ev[256];
  while ((t = ns()) < end) {
    if (!inwin && t >= begin) { inwin = 1; begin = t; c0 = cpu(clk); }
    if (pause) for (int i = 0; i < N; i++) if (C[i].due && t >= C[i].due) ask(&C[i]);
    int n = epoll_wait(ep, ev, 256, pause ? 1 : 10);
    for (int i = 0; i < n; i++) onread(&C[ev[i].data.u32], pause);
  }
  double W = (ns() - begin) / 1e9, used = cpu(clk) - c0; qsort(L, nL, 4, cmp);
  for (int i = 0; i < N; i++) if (!C[i].due && (ns() - C[i].sent) / 1000 > (nL ? L[nL - 1] : 0) && nL < capL) L[nL++] = (ns() - C[i].sent) / 1000; // still waiting counts as it stands
  if (!nL) { fprintf(stderr, "no answer\n"); return 1; }
  qsort(L, nL, 4, cmp);
  printf("{\"requests\":%llu,\"req_per_s\":%.0f,\"srv_us_per_req\":%.4f,\"srv_cpu_pct\":%.1f,\"p50_us\":%u,\"p99_us\":%u,\"max_us\":%u}\n", (unsigned long long)done, done / W, done ? used * 1e6 / done : 0, used / W * 100, L[nL / 2], L[nL * 99 / 100], L[nL - 1]);
  return 0;
}
