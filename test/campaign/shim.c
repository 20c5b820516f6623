/*
 * Stands between a program and libc (LD_PRELOAD) and does to one file-changing call what the environment says. Only calls on files
 * under KATA_SHIM_ROOT count; each is a line in KATA_SHIM_TRACE, its parts separated by tabs:
 *
 *   number  kind  name  index  inode  path  other path  result
 *
 * `name` is the path under the root (of a rename or link both) without what differs from run to run: process ids, random letters and
 * time stamps are `*`. `index` counts the calls of that kind on that name: a point has the same name in every run, though libuv's
 * threads may change the order a little.
 *
 *   KATA_SHIM_AT     the point: `kind name index` (tabs between), or `#number`
 *   KATA_SHIM_DO     before, after: SIGKILL there; torn: half of the bytes, then SIGKILL; stop: SIGSTOP before it;
 *                    fail:ERRNO: the call fails and does nothing; dead:ERRNO: it and whatever comes after it fail;
 *                    full: half of the bytes, then ENOSPC for whatever takes space
 *   KATA_SHIM_NEVER  kind:ERRNO: calls of that kind always fail, as on a filesystem that cannot do them
 *   KATA_SHIM_KEEP   a directory: a file that is synced is copied there, named by the number of the call
 *   KATA_SHIM_WRITES a file: each write and truncation that was done, as four numbers of 64 bits (that of the call, 0 for a write and
 *                    1 for a truncation, where, how many bytes or how long), then the bytes
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define FICLONE_ _IOW(0x94, 9, int)

enum action { NOTHING, BEFORE, AFTER, TORN, STOP, FAIL, DEAD, FULL };
static const char *const actions[] = { "nothing", "before", "after", "torn", "stop", "fail", "dead", "full" };

static struct {
  char root[PATH_MAX], keep[PATH_MAX], never[32];
  const char *at;
  size_t length;
  int trace, writes, never_errno, code, dead, full;
  long number;
  enum action action;
} shim = { .trace = -1, .writes = -1 };

static struct count { struct count *next; long n; char name[]; } *counts;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* A call on its way. */
struct call {
  const char *kind;
  char path[PATH_MAX], other[PATH_MAX], name[PATH_MAX * 2];
  unsigned long inode;
  long number, index;
  enum action action;
  int code;
};

static int code_of(const char *text) {
  const char *colon = text == NULL ? NULL : strchr(text, ':');
  return colon == NULL ? 0 : atoi(colon + 1);
}

__attribute__((constructor)) static void begin(void) {
  const char *root = getenv("KATA_SHIM_ROOT"), *trace = getenv("KATA_SHIM_TRACE"), *action = getenv("KATA_SHIM_DO");
  const char *never = getenv("KATA_SHIM_NEVER"), *keep = getenv("KATA_SHIM_KEEP");
  if (root == NULL || trace == NULL) return;
  shim.length = (size_t)snprintf(shim.root, sizeof shim.root, "%s", root);
  snprintf(shim.never, sizeof shim.never, "%.*s", never == NULL ? 0 : (int)strcspn(never, ":"), never);
  snprintf(shim.keep, sizeof shim.keep, "%s", keep == NULL ? "" : keep);
  shim.never_errno = code_of(never);
  shim.at = getenv("KATA_SHIM_AT");
  shim.code = code_of(action);
  for (int i = 1; action != NULL && i <= FULL; i++) {
    if (strncmp(action, actions[i], strlen(actions[i])) == 0) shim.action = i;
  }
  REAL(open);
  shim.trace = real(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const char *writes = getenv("KATA_SHIM_WRITES");
  if (writes != NULL) shim.writes = real(writes, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_ours(const char *path) {
  return strncmp(path, shim.root, shim.length) == 0 && (path[shim.length] == '/' || path[shim.length] == 0);
}

static int follow(const char *link, char *into) {
  ssize_t length = readlink(link, into, PATH_MAX - 1);
  into[length < 0 ? 0 : length] = 0;
  return length > 0;
}

/* The absolute path of what a descriptor stands for; whether that is ours. */
static int behind(int fd, char *into) {
  char link[64];
  if (shim.trace < 0 || fd < 0 || fd == shim.trace || fd == shim.writes) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  return follow(link, into) && is_ours(into);
}

static int named(int directory, const char *path, char *into) {
  char base[PATH_MAX];
  if (shim.trace < 0 || path == NULL) return 0;
  if (*path == '/') return snprintf(into, PATH_MAX, "%s", path) < PATH_MAX && is_ours(into);
  if (directory != AT_FDCWD) behind(directory, base);
  else if (!follow("/proc/self/cwd", base)) return 0;
  return snprintf(into, PATH_MAX, "%s/%s", base, path) < PATH_MAX && is_ours(into);
}

static int is_digit(char c) { return c >= '0' && c <= '9'; }
static int is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* How many characters of a ULID there are. */
static long ulid_length(const char *from) {
  const char *end = from;
  while (is_digit(*end) || (*end >= 'A' && *end <= 'Z')) end++;
  return end - from;
}

/* Without what differs from run to run: `kata-stage-ab01cd` and `kata-12-XyZ123` become `kata-*`, a backup's time and a ULID become `*`. */
static size_t normalise(const char *path, char *into, size_t size) {
  static const char *const sides[] = { "-journal", "-wal", "-shm" };
  const char *from = path + shim.length + (path[shim.length] == '/');
  size_t n = 0;
  while (*from != 0 && n + 8 < size) {
    if (strncmp(from, "kata-", 5) == 0) {
      const char *end = from + 5;
      while (is_digit(*end) || is_letter(*end) || *end == '-') end++;
      for (int i = 0; i < 3; i++) {
        long length = (long)strlen(sides[i]);
        if (end - from > 5 + length && strncmp(end - length, sides[i], (size_t)length) == 0) end -= length;
      }
      n += (size_t)sprintf(into + n, "kata-*");
      from = end;
    } else if (strncmp(from, ".bak.", 5) == 0) {
      from += 5;
      while (is_digit(*from) || *from == 'T' || *from == 'Z') from++;
      if (from[0] == '-' && is_digit(from[1])) for (from++; is_digit(*from);) from++;
      n += (size_t)sprintf(into + n, ".bak.*");
    } else if (ulid_length(from) == 26) {
      from += 26;
      into[n++] = '*';
    } else into[n++] = *from++;
  }
  into[n] = 0;
  return n;
}

static void line(const struct call *call, const char *result);
static void arrive(const struct call *call);

/* A call that changes something is about to be made, unless `code` says what it fails with. */
static void start(struct call *call, const char *kind) {
  call->kind = kind;
  size_t n = normalise(call->path, call->name, PATH_MAX);
  if (call->other[0] != 0) {
    n += (size_t)sprintf(call->name + n, " ");
    normalise(call->other, call->name + n, PATH_MAX - 4);
  }
  struct stat info;
  if (call->inode == 0) call->inode = lstat(call->path, &info) == 0 ? info.st_ino : 0;
  char key[PATH_MAX * 2 + 64], point[PATH_MAX * 2 + 96], number[32];
  snprintf(key, sizeof key, "%s\t%s", kind, call->name);
  pthread_mutex_lock(&lock);
  call->number = ++shim.number;
  struct count *count = counts;
  while (count != NULL && strcmp(count->name, key) != 0) count = count->next;
  if (count == NULL) {
    count = calloc(1, sizeof *count + strlen(key) + 1);
    strcpy(count->name, key);
    count->next = counts;
    counts = count;
  }
  call->index = ++count->n;
  snprintf(point, sizeof point, "%s\t%ld", key, call->index);
  snprintf(number, sizeof number, "#%ld", call->number);
  if (shim.at != NULL && (strcmp(shim.at, point) == 0 || strcmp(shim.at, number) == 0)) call->action = shim.action;
  if (call->action == DEAD) shim.dead = 1;
  int takes_space = strcmp(kind, "create") == 0 || strcmp(kind, "write") == 0 || strcmp(kind, "mkdir") == 0 ||
    strcmp(kind, "link") == 0;
  call->code = strcmp(kind, shim.never) == 0 ? shim.never_errno : call->action == FAIL || shim.dead ? shim.code
    : takes_space && (shim.full || (call->action == FULL && strcmp(kind, "write") != 0)) ? ENOSPC : 0;
  if (call->action == FULL) shim.full = 1;
  pthread_mutex_unlock(&lock);
  arrive(call);
  errno = call->code;
}

static void line(const struct call *call, const char *result) {
  char text[PATH_MAX * 4 + 256];
  int length = snprintf(text, sizeof text, "%ld\t%s\t%s\t%ld\t%lu\t%s\t%s\t%s\n", call->number, call->kind, call->name, call->index,
    call->inode, call->path, call->other, result);
  REAL(write);
  if (real(shim.trace, text, (size_t)length) < 0) abort();
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static void arrive(const struct call *call) {
  if (call->action == BEFORE) {
    line(call, "killed");
    die();
  }
  if (call->action == STOP) {
    line(call, "stopped");
    kill(getpid(), SIGSTOP);
  }
}

static void finish(struct call *call, long result) {
  char text[32];
  int code = errno;
  struct stat info;
  if (call->inode == 0) call->inode = lstat(call->path, &info) == 0 ? info.st_ino : 0;
  snprintf(text, sizeof text, "%ld", result < 0 ? -code : result);
  line(call, text);
  if (call->action == AFTER || call->action == TORN) die();
  errno = code;
}

/* What a call has done to the bytes of a file, whole in one write: threads may do this at once. */
static void record(const struct call *call, int is_truncation, const void *bytes, off_t at, long result) {
  if (shim.writes < 0 || result < 0) return;
  int code = errno;
  long long head[4] = { call->number, is_truncation, at, result };
  struct iovec all[2] = { { head, sizeof head }, { (void *)bytes, is_truncation ? 0 : (size_t)result } };
  REAL(writev);
  if (real(shim.writes, all, 2) != (ssize_t)(sizeof head + all[1].iov_len)) abort();
  errno = code;
}

/* Bytes that this call may move. */
static size_t half(const struct call *call, size_t size) {
  return (call->action == TORN || call->action == FULL) && size > 1 ? size / 2 : size;
}

#define CALL struct call call = { 0 }
#define WROTE(what, at) \
  start(&call, "write"); \
  ssize_t result = call.code == 0 ? (what) : -1; \
  record(&call, 0, bytes, at, result); \
  finish(&call, result); \
  return result
#define DO(type, kind, what) \
  start(&call, kind); \
  type result = call.code == 0 ? (what) : -1; \
  finish(&call, (long)result); \
  return result

static int creates(struct call *call, int flags) {
  REAL(lstat);
  struct stat info;
  return (flags & O_CREAT) != 0 && real(call->path, &info) != 0;
}

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    REAL(name); \
    va_list rest; \
    va_start(rest, flags); \
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0; \
    va_end(rest); \
    CALL; \
    if (((flags & O_ACCMODE) == O_RDONLY && (flags & O_CREAT) == 0) || !named(AT_FDCWD, path, call.path)) return real(path, flags, mode); \
    const char *kind = creates(&call, flags) ? "create" : (flags & O_TRUNC) != 0 && (flags & O_EXCL) == 0 ? "truncate" : "open"; \
    DO(int, kind, real(path, flags, mode)); \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
  int name(int directory, const char *path, int flags, ...) { \
    REAL(name); \
    va_list rest; \
    va_start(rest, flags); \
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0; \
    va_end(rest); \
    CALL; \
    if (((flags & O_ACCMODE) == O_RDONLY && (flags & O_CREAT) == 0) || !named(directory, path, call.path)) \
      return real(directory, path, flags, mode); \
    const char *kind = creates(&call, flags) ? "create" : (flags & O_TRUNC) != 0 && (flags & O_EXCL) == 0 ? "truncate" : "open"; \
    DO(int, kind, real(directory, path, flags, mode)); \
  }
OPENAT(openat)
OPENAT(openat64)

#define FD \
  CALL; \
  struct stat info; \
  if (!behind(fd, call.path)) return real ARGS; \
  call.inode = fstat(fd, &info) == 0 ? info.st_ino : 0

#define ARGS (fd, bytes, size)
ssize_t write(int fd, const void *bytes, size_t size) {
  REAL(write);
  FD;
  WROTE(real(fd, bytes, half(&call, size)), lseek(fd, 0, SEEK_CUR) - result);
}
#undef ARGS
#define ARGS (fd, bytes, size, at)
#define PWRITE(name, offset) \
  ssize_t name(int fd, const void *bytes, size_t size, offset at) { \
    REAL(name); \
    FD; \
    WROTE(real(fd, bytes, half(&call, size), at), at); \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)
#undef ARGS

/* Of several pieces, a call that may move half moves half of the first. */
static const struct iovec *pieces(const struct call *call, const struct iovec *all, int *count, struct iovec *first) {
  if (call->action != TORN && call->action != FULL) return all;
  *first = (struct iovec){ all[0].iov_base, half(call, all[0].iov_len) };
  *count = 1;
  return first;
}
#define ARGS (fd, all, count)
ssize_t writev(int fd, const struct iovec *all, int count) {
  REAL(writev);
  FD;
  struct iovec first;
  DO(ssize_t, "write", (all = pieces(&call, all, &count, &first), real(fd, all, count)));
}
#undef ARGS
#define ARGS (fd, all, count, at)
#define PWRITEV(name, offset) \
  ssize_t name(int fd, const struct iovec *all, int count, offset at) { \
    REAL(name); \
    FD; \
    struct iovec first; \
    DO(ssize_t, "write", (all = pieces(&call, all, &count, &first), real(fd, all, count, at))); \
  }
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)
#undef ARGS

#define ARGS (from, from_at, fd, to_at, size, flags)
ssize_t copy_file_range(int from, off64_t *from_at, int fd, off64_t *to_at, size_t size, unsigned flags) {
  REAL(copy_file_range);
  FD;
  DO(ssize_t, "write", real(from, from_at, fd, to_at, half(&call, size), flags));
}
#undef ARGS
#define ARGS (fd, from, at, size)
#define SENDFILE(name, offset) \
  ssize_t name(int fd, int from, offset *at, size_t size) { \
    REAL(name); \
    FD; \
    DO(ssize_t, "write", real(fd, from, at, half(&call, size))); \
  }
ssize_t sendfile(int fd, int from, off_t *at, size_t size);
ssize_t sendfile64(int fd, int from, off64_t *at, size_t size);
SENDFILE(sendfile, off_t)
SENDFILE(sendfile64, off64_t)
#undef ARGS

/* libuv makes this call without libc's function for it. */
long syscall(long number, ...) {
  REAL(syscall);
  va_list rest;
  long a[6];
  va_start(rest, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
  va_end(rest);
#define ARGS (number, a[0], a[1], a[2], a[3], a[4], a[5])
  if (number == SYS_close) return close((int)a[0]);
  if (number != SYS_copy_file_range) return real ARGS;
  int fd = (int)a[2];
  FD;
  DO(long, "write", real(number, a[0], a[1], a[2], a[3], half(&call, (size_t)a[4]), a[5]));
}
#undef ARGS

#define ARGS (fd, request, argument)
int ioctl(int fd, unsigned long request, ...) {
  REAL(ioctl);
  va_list rest;
  va_start(rest, request);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  if (request != FICLONE_) return real ARGS;
  FD;
  DO(int, "clone", real ARGS);
}
#undef ARGS

#define ARGS (fd, size)
#define FTRUNCATE(name, offset) \
  int name(int fd, offset size) { \
    REAL(name); \
    FD; \
    start(&call, "truncate"); \
    int result = call.code == 0 ? real ARGS : -1; \
    record(&call, 1, NULL, 0, result < 0 ? -1 : (long)size); \
    finish(&call, result); \
    return result; \
  }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)
#undef ARGS

#define ARGS (fd, mode)
int fchmod(int fd, mode_t mode) {
  REAL(fchmod);
  FD;
  DO(int, "chmod", real ARGS);
}
#undef ARGS
#define ARGS (fd, owner, group)
int fchown(int fd, uid_t owner, gid_t group) {
  REAL(fchown);
  FD;
  DO(int, "chown", real ARGS);
}
#undef ARGS

/* What is synced would survive a power cut. The descriptor itself is read: closing another one would drop SQLite's locks. */
static void keep(int fd, const struct call *call) {
  struct stat info;
  char path[PATH_MAX + 32], again[64];
  if (shim.keep[0] == 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return;
  snprintf(path, sizeof path, "%s/%ld", shim.keep, call->number);
  snprintf(again, sizeof again, "/proc/self/fd/%d", fd);
  REAL(open);
  /* nobody locks what is only written to */
  int from = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY ? real(again, O_RDONLY) : fd;
  int to = real(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  char bytes[65536];
  off_t at = 0;
  for (ssize_t n; (n = pread(from, bytes, sizeof bytes, at)) > 0; at += n) if (write(to, bytes, (size_t)n) != n) abort();
  close(to);
  if (from != fd) close(from);
}
#define ARGS (fd)
#define SYNC(name) \
  int name(int fd) { \
    REAL(name); \
    FD; \
    start(&call, "sync"); \
    int result = call.code == 0 ? real(fd) : -1; \
    if (result == 0) keep(fd, &call); \
    finish(&call, result); \
    return result; \
  }
SYNC(fsync)
SYNC(fdatasync)
int close(int fd) {
  REAL(close);
  FD;
  if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY) return real(fd);
  start(&call, "close");
  /* a descriptor is gone, whatever close(2) answers */
  int done = real(fd);
  int result = call.code == 0 ? done : -1;
  if (call.code != 0) errno = call.code;
  finish(&call, result);
  return result;
}
#undef ARGS

#define PATH1(type, function, kind, parameters, arguments, path) \
  type function parameters { \
    REAL(function); \
    CALL; \
    if (!named(AT_FDCWD, path, call.path)) return real arguments; \
    DO(type, kind, real arguments); \
  }
PATH1(int, unlink, "unlink", (const char *path), (path), path)
PATH1(int, rmdir, "rmdir", (const char *path), (path), path)
PATH1(int, mkdir, "mkdir", (const char *path, mode_t mode), (path, mode), path)
PATH1(int, chmod, "chmod", (const char *path, mode_t mode), (path, mode), path)
PATH1(int, chown, "chown", (const char *path, uid_t owner, gid_t group), (path, owner, group), path)
PATH1(int, truncate, "truncate", (const char *path, off_t size), (path, size), path)
PATH1(int, truncate64, "truncate", (const char *path, off64_t size), (path, size), path)
PATH1(int, symlink, "link", (const char *text, const char *path), (text, path), path)

char *mkdtemp(char *path) {
  REAL(mkdtemp);
  CALL;
  if (!named(AT_FDCWD, path, call.path)) return real(path);
  start(&call, "mkdir");
  char *result = call.code == 0 ? real(path) : NULL;
  int code = errno;
  if (result != NULL) named(AT_FDCWD, result, call.path);
  errno = code;
  finish(&call, result == NULL ? -1 : 0);
  return result;
}

#define PATH2(function, kind) \
  int function(const char *from, const char *to) { \
    REAL(function); \
    CALL; \
    if (!named(AT_FDCWD, to, call.other) || !named(AT_FDCWD, from, call.path)) return real(from, to); \
    DO(int, kind, real(from, to)); \
  }
PATH2(rename, "rename")
PATH2(link, "link")

int unlinkat(int directory, const char *path, int flags) {
  REAL(unlinkat);
  CALL;
  if (!named(directory, path, call.path)) return real(directory, path, flags);
  DO(int, (flags & AT_REMOVEDIR) != 0 ? "rmdir" : "unlink", real(directory, path, flags));
}
int renameat(int from_directory, const char *from, int to_directory, const char *to) {
  REAL(renameat);
  CALL;
  if (!named(to_directory, to, call.other) || !named(from_directory, from, call.path)) return real(from_directory, from, to_directory, to);
  DO(int, "rename", real(from_directory, from, to_directory, to));
}
int linkat(int from_directory, const char *from, int to_directory, const char *to, int flags) {
  REAL(linkat);
  CALL;
  if (!named(to_directory, to, call.other) || !named(from_directory, from, call.path))
    return real(from_directory, from, to_directory, to, flags);
  DO(int, "link", real(from_directory, from, to_directory, to, flags));
}
int mkdirat(int directory, const char *path, mode_t mode) {
  REAL(mkdirat);
  CALL;
  if (!named(directory, path, call.path)) return real(directory, path, mode);
  DO(int, "mkdir", real(directory, path, mode));
}
int fchmodat(int directory, const char *path, mode_t mode, int flags) {
  REAL(fchmodat);
  CALL;
  if (!named(directory, path, call.path)) return real(directory, path, mode, flags);
  DO(int, "chmod", real(directory, path, mode, flags));
}
