/* What can go wrong below a process, for the fault tests: preloaded in front of the C library, it moves
 * the wall clock, fails or slows writes and syncs of the files below one folder, and writes down every
 * change of them with what was synced when, so that a power cut can be played afterwards.
 *
 * FAULTS_CONTROL names a file of the 64-bit numbers below, which the test writes while the process runs.
 * FAULTS_FOLDER  names the folder; without it only the clock is moved.
 * FAULTS_LOG     names the file that changes are written down in; without it none are.
 *
 * A record of the log is: kind, 7 bytes of padding; inode; two numbers; their meaning by kind:
 *   'W' write     offset, length; then the bytes        'T' truncation  new length, 0
 *   'B' sync begins  its number, 0                      'E' sync ended   its number, 0
 *   'C' file made    0, length of its path; the path    'U' unlinked     0, length; the path
 *   'R' renamed      length of the old path, of both; both paths
 *   'D' sync of a folder begins  its number, length; the path      'F' it ended  its number, 0
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct control {
  _Atomic int64_t clock_us;        /* what the wall clock is moved by */
  _Atomic int64_t sync_fails_in;   /* 1: the next sync fails with EIO; 0: none does */
  _Atomic int64_t sync_stays_bad;  /* 1: all syncs after it fail too */
  _Atomic int64_t sync_delay_ms;   /* how long each sync takes longer */
  _Atomic int64_t write_fails_in;  /* 1: the next write fails with ENOSPC; 0: none does */
  _Atomic int64_t write_stays_bad; /* 1: all writes after it fail too */
  _Atomic int64_t syncs;           /* syncs so far */
  _Atomic int64_t writes;          /* writes so far */
};

enum { MOST_FILES = 65536 };
static struct control none;
static struct control *control = &none;
static char folder[4096];
static size_t folder_length;
static int log_file = -1;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int64_t sync_number;
/* 0: not below the folder; 1: a file there; 2: a folder there. */
static _Atomic char watched[MOST_FILES];

#define REAL(name) ({ static __typeof__(&name) real; if (!real) real = dlsym(RTLD_NEXT, #name); real; })

static void begin(void) __attribute__((constructor));
static void begin(void) {
  const char *path = getenv("FAULTS_CONTROL");
  if (path) {
    int file = REAL(open)(path, O_RDWR | O_CLOEXEC);
    void *page = file < 0 ? MAP_FAILED
                          : mmap(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (page == MAP_FAILED) {
      fprintf(stderr, "faults.c: %s: %s\n", path, strerror(errno));
      _exit(99);
    }
    control = page;
  }
  path = getenv("FAULTS_FOLDER");
  if (path && realpath(path, folder)) folder_length = strlen(folder);
  path = getenv("FAULTS_LOG");
  if (path) log_file = REAL(open)(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static int is_below(const char *path) {
  return folder_length && strncmp(path, folder, folder_length) == 0 &&
         (path[folder_length] == '/' || path[folder_length] == 0);
}

/* Called with `order` held. */
static void note(char kind, uint64_t inode, uint64_t first, uint64_t second, const void *bytes,
                 size_t length) {
  if (log_file < 0) return;
  char head[32] = {kind};
  memcpy(head + 8, &inode, 8);
  memcpy(head + 16, &first, 8);
  memcpy(head + 24, &second, 8);
  struct iovec parts[] = {{head, sizeof head}, {(void *)bytes, length}};
  if (REAL(writev)(log_file, parts, length ? 2 : 1) != (ssize_t)(sizeof head + length)) _exit(98);
}

static uint64_t inode_of(int file) {
  struct stat found;
  return fstat(file, &found) == 0 ? found.st_ino : 0;
}

static char kind_of(int file) {
  return file >= 0 && file < MOST_FILES ? watched[file] : 0;
}

/* Whether this one fails, by a countdown and whether it goes on failing. */
static int fails(_Atomic int64_t *in, _Atomic int64_t *stays) {
  int64_t left = *in;
  while (left > 0) {
    int64_t next = left == 1 ? (*stays ? 1 : 0) : left - 1;
    if (atomic_compare_exchange_weak(in, &left, next)) return left == 1;
  }
  return 0;
}

/* ------------------------------------------------------------------ opening and closing */

static int opened(int file, const char *path, int flags, int existed) {
  if (file < 0 || file >= MOST_FILES) return file;
  struct stat found;
  if (!is_below(path) || fstat(file, &found) != 0) {
    watched[file] = 0;
    return file;
  }
  watched[file] = S_ISDIR(found.st_mode) ? 2 : 1;
  if (watched[file] == 1) {
    if (!existed) note('C', found.st_ino, 0, strlen(path), path, strlen(path));
    else if (flags & O_TRUNC) note('T', found.st_ino, 0, 0, NULL, 0);
  }
  return file;
}

#define OPENING(call)                                                  \
  mode_t mode = 0;                                                     \
  if (flags & (O_CREAT | O_TMPFILE)) {                                 \
    va_list more;                                                      \
    va_start(more, flags);                                             \
    mode = va_arg(more, mode_t);                                       \
    va_end(more);                                                      \
  }                                                                    \
  if (!is_below(path)) {                                               \
    int file = call;                                                   \
    if (file >= 0 && file < MOST_FILES) watched[file] = 0;             \
    return file;                                                       \
  }                                                                    \
  pthread_mutex_lock(&order);                                          \
  int existed = access(path, F_OK) == 0;                               \
  int file = opened(call, path, flags, existed);                       \
  pthread_mutex_unlock(&order);                                        \
  return file;

int open(const char *path, int flags, ...) { OPENING(REAL(open)(path, flags, mode)) }
int open64(const char *path, int flags, ...) { OPENING(REAL(open64)(path, flags, mode)) }
int openat(int at, const char *path, int flags, ...) { OPENING(REAL(openat)(at, path, flags, mode)) }
int openat64(int at, const char *path, int flags, ...) {
  OPENING(REAL(openat64)(at, path, flags, mode))
}

int close(int file) {
  if (file >= 0 && file < MOST_FILES) watched[file] = 0;
  return REAL(close)(file);
}

/* ------------------------------------------------------------------ changes */

#define WRITING(offset, call)                                          \
  if (kind_of(file) != 1) return call;                                 \
  control->writes++;                                                   \
  if (fails(&control->write_fails_in, &control->write_stays_bad)) {    \
    errno = ENOSPC;                                                    \
    return -1;                                                         \
  }                                                                    \
  pthread_mutex_lock(&order);                                          \
  note('W', inode_of(file), offset, count, bytes, count);              \
  ssize_t done = call;                                                 \
  pthread_mutex_unlock(&order);                                        \
  return done;

ssize_t write(int file, const void *bytes, size_t count) {
  WRITING(lseek(file, 0, SEEK_CUR), REAL(write)(file, bytes, count))
}
ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
  WRITING(at, REAL(pwrite)(file, bytes, count, at))
}
ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
  WRITING(at, REAL(pwrite64)(file, bytes, count, at))
}

#define TRUNCATING(call)                                               \
  if (kind_of(file) != 1) return call;                                 \
  pthread_mutex_lock(&order);                                          \
  note('T', inode_of(file), length, 0, NULL, 0);                       \
  int done = call;                                                     \
  pthread_mutex_unlock(&order);                                        \
  return done;

int ftruncate(int file, off_t length) { TRUNCATING(REAL(ftruncate)(file, length)) }
int ftruncate64(int file, off64_t length) { TRUNCATING(REAL(ftruncate64)(file, length)) }

int rename(const char *from, const char *to) {
  if (!is_below(from) || !is_below(to)) return REAL(rename)(from, to);
  char both[8192];
  size_t first = strlen(from), second = strlen(to);
  if (first + second > sizeof both) _exit(97);
  memcpy(both, from, first);
  memcpy(both + first, to, second);
  pthread_mutex_lock(&order);
  note('R', 0, first, first + second, both, first + second);
  int done = REAL(rename)(from, to);
  pthread_mutex_unlock(&order);
  return done;
}

int unlink(const char *path) {
  if (!is_below(path)) return REAL(unlink)(path);
  pthread_mutex_lock(&order);
  note('U', 0, 0, strlen(path), path, strlen(path));
  int done = REAL(unlink)(path);
  pthread_mutex_unlock(&order);
  return done;
}

/* ------------------------------------------------------------------ syncs */

static void delay(void) {
  int64_t ms = control->sync_delay_ms;
  struct timespec left = {ms / 1000, ms % 1000 * 1000000};
  if (ms > 0) nanosleep(&left, NULL);
}

static int synced(int file, int (*sync)(int)) {
  char kind = kind_of(file);
  if (!kind) return sync(file);
  control->syncs++;
  if (kind == 1 && fails(&control->sync_fails_in, &control->sync_stays_bad)) {
    errno = EIO;
    return -1;
  }
  uint64_t number = sync_number++, inode = inode_of(file);
  char place[64], path[4096];
  snprintf(place, sizeof place, "/proc/self/fd/%d", file);
  ssize_t length = kind == 2 ? readlink(place, path, sizeof path) : 0;
  pthread_mutex_lock(&order);
  note(kind == 2 ? 'D' : 'B', inode, number, length, path, length);
  pthread_mutex_unlock(&order);
  delay();
  int done = sync(file);
  if (done == 0) {
    pthread_mutex_lock(&order);
    note(kind == 2 ? 'F' : 'E', inode, number, 0, NULL, 0);
    pthread_mutex_unlock(&order);
  }
  return done;
}

int fsync(int file) { return synced(file, REAL(fsync)); }
int fdatasync(int file) { return synced(file, REAL(fdatasync)); }

/* It promises nothing, so nothing is written down. */
int sync_file_range(int file, off64_t offset, off64_t length, unsigned int flags) {
  if (kind_of(file)) delay();
  return REAL(sync_file_range)(file, offset, length, flags);
}

/* ------------------------------------------------------------------ the wall clock */

int clock_gettime(clockid_t clock, struct timespec *now) {
  int done = REAL(clock_gettime)(clock, now);
  int64_t by = control->clock_us;
  if (done == 0 && by && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    int64_t ns = now->tv_nsec + by % 1000000 * 1000;
    now->tv_sec += by / 1000000 + (ns >= 1000000000) - (ns < 0);
    now->tv_nsec = (ns + 1000000000) % 1000000000;
  }
  return done;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec exact;
  int done = clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return done;
}

time_t time(time_t *place) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (place) *place = now.tv_sec;
  return now.tv_sec;
}
