/* The benchmark's load generator: many connections, one message in flight on each (a closed loop), one thread.
 *
 *     load HOST PORT SCRIPT WARMUP SECONDS spin|sleep
 *
 * It is in C because a generator in Python costs as much processor time as the server it measures. It knows no protocol: the
 * script (written by bench/load.py, which documents the format) holds every request ready to send, and what its reply must
 * look like. Each connection sends its prelude once (logins), then, when all have, its cycle again and again. Replies that
 * come between WARMUP and WARMUP + SECONDS are counted; then every connection ends its cycle, so that books are returned.
 * SECONDS 0: one cycle each, all counted. A connection without a cycle stays open and idle, and so does one that has ended its
 * last cycle: all are closed at the end of standard input, when a server's processes, one for each of them it may be, were looked at.
 *
 * "spin": it never sleeps while it waits for replies, but looks again and again, which takes a core of its own. A sleeping client has to
 * be woken by each reply, and on one machine it is the server that pays for that, on a virtual one up to 20 microseconds a reply.
 *
 * Standard output: a line "ready" after the preludes, "start" and "stop" around what is counted, then one line of JSON.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CR, BER, HTTP };                        /* framings */
enum { RAMP = 32 };                            /* connections in their prelude at the same time */
enum { EVENTS = 256, MOST_ERRORS = 100, SAMPLES = 3, SHOWN = 160 };
static const uint64_t SECOND = 1000000000u, PATIENCE = 60000000000u; /* ns; a reply later than this will never come */

/* --- the script ------------------------------------------------------------------------------------------------------------ */

struct text { const uint8_t *at; uint32_t size; };
struct frame { uint32_t step; struct text request, prefix; uint32_t needles; struct text *needle; };
struct script { uint32_t framing, steps, frames, connections; struct frame *frame; };

struct connection {
    int fd, started, ready;
    uint32_t prelude, cycle;                   /* how many frames of each */
    const uint8_t *order;                      /* their numbers, prelude first */
    uint32_t next;                             /* place in order of the next frame */
    const struct frame *sent;                  /* whose reply is awaited, or NULL */
    uint64_t since;                            /* when it was sent */
    uint8_t *reply;
    size_t have, room;
};

static void die(const char *what) { fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "bad script"); exit(2); }

static void *need(void *memory) { if (!memory) die("memory"); return memory; }

static uint32_t number_at(const uint8_t *at) { uint32_t n; memcpy(&n, at, sizeof n); return n; }

static uint32_t take_number(const uint8_t **at, const uint8_t *end) {
    if (end - *at < 4) die("script");
    *at += 4;
    return number_at(*at - 4);
}

static struct text take_text(const uint8_t **at, const uint8_t *end) {
    struct text text = {.size = take_number(at, end)};
    if ((size_t)(end - *at) < text.size) die("script");
    text.at = *at;
    *at += text.size;
    return text;
}

static struct connection *read_script(const char *path, struct script *script) {
    FILE *file = fopen(path, "rb");
    struct stat about;
    if (!file || fstat(fileno(file), &about)) die(path);
    const uint8_t *at = need(malloc(about.st_size + 1)), *end = at + about.st_size;
    if (fread((void *)at, 1, about.st_size, file) != (size_t)about.st_size) die(path);
    fclose(file);
    errno = 0;
    script->framing = take_number(&at, end);
    script->steps = take_number(&at, end);
    script->frames = take_number(&at, end);
    script->connections = take_number(&at, end);
    script->frame = need(calloc(script->frames + 1, sizeof *script->frame));
    for (struct frame *frame = script->frame; frame < script->frame + script->frames; frame++) {
        frame->step = take_number(&at, end);
        frame->request = take_text(&at, end);
        frame->prefix = take_text(&at, end);
        frame->needles = take_number(&at, end);
        frame->needle = need(calloc(frame->needles + 1, sizeof *frame->needle));
        for (uint32_t i = 0; i < frame->needles; i++) frame->needle[i] = take_text(&at, end);
        if (frame->step >= script->steps) die("script");
    }
    struct connection *connections = need(calloc(script->connections + 1, sizeof *connections));
    for (struct connection *c = connections; c < connections + script->connections; c++) {
        c->fd = -1;
        c->prelude = take_number(&at, end);
        c->cycle = take_number(&at, end);
        c->order = at;
        for (uint32_t i = 0; i < c->prelude + c->cycle; i++)
            if (take_number(&at, end) >= script->frames) die("script");
    }
    return connections;
}

/* --- latencies: 64 classes an octave, so that a percentile is right to 1.6 % ------------------------------------------------- */

enum { FINE = 6, CLASSES = (64 - FINE) << FINE };
struct histogram { uint64_t count, sum, most, classes[CLASSES]; };

static unsigned class_of(uint64_t ns) {
    if (ns < 1u << FINE) return ns;
    unsigned octave = 63 - __builtin_clzll(ns) - FINE;
    return (octave << FINE) + (ns >> octave);
}

static double middle_of(unsigned class) {
    if (class < 2u << FINE) return class;
    unsigned octave = (class >> FINE) - 1;
    return (double)((class & ((1u << FINE) - 1)) + (1u << FINE)) * ((uint64_t)1 << octave) + ((uint64_t)1 << octave) / 2.0;
}

static void record(struct histogram *histogram, uint64_t ns) {
    histogram->count++;
    histogram->sum += ns;
    if (ns > histogram->most) histogram->most = ns;
    histogram->classes[class_of(ns)]++;
}

static double percentile(const struct histogram *histogram, double part) {
    uint64_t below = part * histogram->count, seen = 0;
    for (unsigned class = 0; class < CLASSES; class++)
        if ((seen += histogram->classes[class]) > below) {
            double middle = middle_of(class);
            return (middle < histogram->most ? middle : histogram->most) / 1e3;
        }
    return histogram->most / 1e3;
}

static void print_histogram(const struct histogram *h) {
    printf("{\"count\":%llu,\"mean_us\":%.2f,\"p50_us\":%.2f,\"p95_us\":%.2f,\"p99_us\":%.2f,\"p999_us\":%.2f,\"max_us\":%.2f}", (unsigned long long)h->count,
           h->count ? h->sum / 1e3 / h->count : 0, percentile(h, .5), percentile(h, .95), percentile(h, .99), percentile(h, .999), h->most / 1e3);
}

/* --- errors: counted by kind, the first ones shown --------------------------------------------------------------------------- */

enum error { WRONG, SEQUENCE, CHECKSUM, MALFORMED, EXTRA, CLOSED, LATE, KINDS };
static const char *const KIND[KINDS] = {"wrong reply", "wrong sequence number", "wrong checksum", "malformed reply",
                                        "more than one reply", "connection closed", "no reply"};
static unsigned errors[KINDS], error_count;
static struct { enum error kind; struct text request; uint8_t *reply; size_t size; } samples[SAMPLES];

static void blame(enum error kind, const struct connection *c) {
    errors[kind]++;
    if (error_count < SAMPLES) {
        size_t size = c->have < SHOWN ? c->have : SHOWN;
        samples[error_count].kind = kind;
        if (c->sent) samples[error_count].request = c->sent->request;
        samples[error_count].reply = need(malloc(size + 1));
        samples[error_count].size = size;
        if (size) memcpy(samples[error_count].reply, c->reply, size);
    }
    error_count++;
}

static void print_escaped(const uint8_t *at, size_t size) {
    for (size_t i = 0; i < size && i < SHOWN; i++)
        if (at[i] < 32 || at[i] > 126 || at[i] == '"' || at[i] == '\\') printf("\\u%04x", at[i]);
        else putchar(at[i]);
}

static void print_errors(void) {
    printf("\"errors\":%u,\"kinds\":{", error_count);
    const char *comma = "";
    for (int kind = 0; kind < KINDS; kind++)
        if (errors[kind]) { printf("%s\"%s\":%u", comma, KIND[kind], errors[kind]); comma = ","; }
    printf("},\"samples\":[");
    for (unsigned i = 0; i < error_count && i < SAMPLES; i++) {
        printf("%s{\"kind\":\"%s\",\"request\":\"", i ? "," : "", KIND[samples[i].kind]);
        print_escaped(samples[i].request.at, samples[i].request.size);
        printf("\",\"reply\":\"");
        print_escaped(samples[i].reply, samples[i].size);
        printf("\"}");
    }
    printf("]");
}

/* --- framings: the size of the first whole reply, 0 while it is not whole, -1 when it never will be -------------------------- */

static ssize_t cr_size(const uint8_t *at, size_t have) {
    const uint8_t *end = memchr(at, '\r', have);
    return end ? end - at + 1 : 0;
}

/* The header at *place: 1 and the size of the value (SIZE_MAX: ended by an end of contents), 0 when it is not whole, -1 when wrong. */
static int ber_header(const uint8_t *at, size_t have, size_t *place, size_t *size) {
    if (*place >= have) return 0;
    if ((at[(*place)++] & 0x1f) == 0x1f) {
        while (*place < have && at[*place] & 0x80) ++*place;
        ++*place;
    }
    if (*place >= have) return 0;
    unsigned first = at[(*place)++], octets = first & 0x7f;
    *size = first == 0x80 ? SIZE_MAX : first & 0x80 ? 0 : first;
    if (first > 0x84) return -1;
    for (; first > 0x80 && octets; octets--) {
        if (*place >= have) return 0;
        *size = *size << 8 | at[(*place)++];
    }
    return 1;
}

static ssize_t ber_size(const uint8_t *at, size_t have) {
    size_t place = 0, size;
    unsigned open = 0;                         /* lengths of which the end is still to come */
    do {
        int begins_with_zero = place < have && !at[place], header = ber_header(at, have, &place, &size);
        if (header <= 0) return header;
        if (size == SIZE_MAX) open++;
        else if (open && begins_with_zero && !size) open--;
        else place += size;
    } while (open);
    return have >= place ? (ssize_t)place : 0;
}

static ssize_t http_size(const uint8_t *at, size_t have) {
    const uint8_t *body = memmem(at, have, "\r\n\r\n", 4);
    if (!body) return 0;
    body += 4;
    for (const uint8_t *line = at; line < body; line = (uint8_t *)memchr(line, '\n', body - line) + 1)
        if (!strncasecmp((const char *)line, "content-length:", 15)) {
            size_t whole = body - at + strtoul((const char *)line + 15, NULL, 10);
            return have >= whole ? (ssize_t)whole : 0;
        }
    return -1;
}

static ssize_t reply_size(uint32_t framing, const uint8_t *at, size_t have) {
    return framing == CR ? cr_size(at, have) : framing == BER ? ber_size(at, have) : http_size(at, have);
}

/* --- is the reply right? ----------------------------------------------------------------------------------------------------- */

enum { TRAILER = 10 };                         /* AYnAZhhhh and CR */

static const uint8_t *trailer(const uint8_t *at, size_t size) {
    const uint8_t *tail = at + size - TRAILER;
    return size >= TRAILER && !memcmp(tail, "AY", 2) && !memcmp(tail + 3, "AZ", 2) ? tail : NULL;
}

static int check_trailer(const struct frame *frame, const uint8_t *reply, size_t size) {
    const uint8_t *asked = trailer(frame->request.at, frame->request.size), *given = trailer(reply, size);
    if (!asked) return given ? SEQUENCE : KINDS;
    if (!given || given[2] != asked[2]) return SEQUENCE;
    char digits[5] = {given[5], given[6], given[7], given[8], 0}, *end;
    unsigned sum = strtoul(digits, &end, 16);
    for (const uint8_t *at = reply; at < given + 5; at++) sum += *at;
    return *end || sum & 0xffff ? CHECKSUM : KINDS;
}

static int check(uint32_t framing, const struct frame *frame, const uint8_t *reply, size_t size) {
    if (size < frame->prefix.size || memcmp(reply, frame->prefix.at, frame->prefix.size)) return WRONG;
    for (uint32_t i = 0; i < frame->needles; i++)
        if (!memmem(reply, size, frame->needle[i].at, frame->needle[i].size)) return WRONG;
    return framing == CR ? check_trailer(frame, reply, size) : KINDS;
}

/* --- the loop ---------------------------------------------------------------------------------------------------------------- */

enum phase { PRELUDE, WARMING, COUNTING, ENDING };
static struct script script;
static struct histogram *histograms;           /* one a step, then one of all */
static struct sockaddr_in peer;
static int poll_fd;
static uint32_t alive, busy, starting, begun;  /* connections open; of them with a cycle; in their prelude; ever opened */
static enum phase phase = PRELUDE;
static int once, spin;                         /* one cycle each, all counted; never sleep */

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

static void say(const char *what) { puts(what); fflush(stdout); }

static void drop(struct connection *c) {
    if (c->fd < 0) return;
    close(c->fd);
    c->fd = -1;
    c->sent = NULL;
    alive--;
    if (c->cycle) busy--;
    if (!c->ready) starting--;
}

static void rest(struct connection *c) {
    c->cycle = 0;
    busy--;
}

static void send_next(struct connection *c) {
    if (c->next == c->prelude + c->cycle) {
        if (phase == ENDING || once) { rest(c); return; }
        c->next = c->prelude;
    }
    c->sent = script.frame + number_at(c->order + 4 * c->next++);
    c->since = now();
    ssize_t sent = send(c->fd, c->sent->request.at, c->sent->request.size, MSG_NOSIGNAL);
    if (sent != (ssize_t)c->sent->request.size) { blame(CLOSED, c); drop(c); }
}

/* After a reply, or at the start: go on, or wait until the preludes of all are done. */
static void go_on(struct connection *c) {
    if (c->next == c->prelude && !c->ready) {
        c->ready = 1;
        starting--;
    }
    if (phase != PRELUDE || !c->ready) send_next(c);
}

static void begin(struct connection *c) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    int yes = 1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&peer, sizeof peer)) die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) || epoll_ctl(poll_fd, EPOLL_CTL_ADD, c->fd, &event)) die("socket");
    alive++;
    if (c->cycle) busy++;
    starting++;
    begun++;
    go_on(c);
}

static void take_reply(struct connection *c, size_t size) {
    uint64_t took = now() - c->since;
    int error = size < c->have ? EXTRA : check(script.framing, c->sent, c->reply, size);
    if (error != KINDS) blame(error, c);
    if (phase == COUNTING) {
        record(histograms + c->sent->step, took);
        record(histograms + script.steps, took);
    }
    c->sent = NULL;
    c->have = 0;
    go_on(c);
}

static void receive(struct connection *c) {
    if (c->fd < 0) return;
    if (c->room - c->have < 65536) c->reply = need(realloc(c->reply, c->room = c->have + 131072));
    ssize_t got = recv(c->fd, c->reply + c->have, c->room - c->have, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) { blame(CLOSED, c); drop(c); return; }
    c->have += got;
    if (!c->sent) { blame(EXTRA, c); drop(c); return; }
    ssize_t size = reply_size(script.framing, c->reply, c->have);
    if (size < 0) { blame(MALFORMED, c); drop(c); }
    else if (size) take_reply(c, size);
}

static void drop_the_late(struct connection *connections) {
    static uint64_t looked;
    uint64_t at = now();
    if (at - looked < SECOND) return;
    looked = at;
    for (struct connection *c = connections; c < connections + script.connections; c++)
        if (c->sent && at > c->since + PATIENCE) { blame(LATE, c); drop(c); }
}

static void poll_once(struct connection *connections) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(poll_fd, events, EVENTS, spin ? 0 : 100);
    for (int i = 0; i < count; i++) receive(events[i].data.ptr);
    drop_the_late(connections);
}

static void all_ready(struct connection *connections) {
    while ((begun < script.connections || starting) && error_count < MOST_ERRORS) {
        while (begun < script.connections && starting < RAMP) begin(connections + begun);
        if (starting) poll_once(connections);
    }
}

static double processor_seconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static double counted_processor_seconds;

static void start_counting(void) { phase = COUNTING; counted_processor_seconds = processor_seconds(); say("start"); }

static void stop_counting(void) { phase = ENDING; counted_processor_seconds = processor_seconds() - counted_processor_seconds; say("stop"); }

static uint64_t run(struct connection *connections, double warmup, double seconds) {
    uint64_t from = now() + (once ? 0 : (uint64_t)(warmup * 1e9)), span = seconds * 1e9, counted = 0;
    phase = WARMING;
    if (once) start_counting();
    for (struct connection *c = connections; c < connections + script.connections; c++)
        if (c->fd >= 0 && c->cycle) send_next(c);
    while (busy && error_count < MOST_ERRORS) {
        poll_once(connections);
        uint64_t at = now();
        if (phase == WARMING && at >= from) { from = at; start_counting(); }
        else if (phase == COUNTING && !once && at - from >= span) { counted = at - from; stop_counting(); }
    }
    if (phase == WARMING) { from = now(); start_counting(); } /* every connection was lost before */
    if (phase == COUNTING) { counted = now() - from; stop_counting(); }
    return counted;
}

int main(int argc, char **argv) {
    if (argc != 7) { fprintf(stderr, "usage: load HOST PORT SCRIPT WARMUP SECONDS spin|sleep\n"); return 2; }
    peer = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
    if (inet_pton(AF_INET, argv[1], &peer.sin_addr) != 1) die("host");
    double seconds = atof(argv[5]);
    once = seconds <= 0;
    spin = !strcmp(argv[6], "spin");
    struct connection *connections = read_script(argv[3], &script);
    histograms = need(calloc(script.steps + 1, sizeof *histograms));
    poll_fd = epoll_create1(0);

    uint64_t start = now(), counted = 0, cycles = 0;
    for (uint32_t i = 0; i < script.connections; i++) cycles += connections[i].cycle;
    all_ready(connections);
    double preludes = (now() - start) / 1e9;
    uint32_t ready = alive;
    say("ready");
    if (cycles) counted = run(connections, atof(argv[4]), seconds);
    while (getchar() != EOF) continue;

    printf("{\"connections\":%u,\"ready_seconds\":%.3f,\"seconds\":%.4f,\"generator_cpu_seconds\":%.3f,\"all\":", ready, preludes,
           counted / 1e9, counted_processor_seconds);
    print_histogram(histograms + script.steps);
    printf(",\"steps\":[");
    for (uint32_t step = 0; step < script.steps; step++) {
        if (step) putchar(',');
        print_histogram(histograms + step);
    }
    printf("],");
    print_errors();
    printf("}\n");
    return error_count != 0;
}
