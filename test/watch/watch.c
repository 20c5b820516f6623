/*
 * watch COMMAND [ARGUMENT...]: runs a command and sees how every process ends that nobody else waits for.
 *
 * It is a subreaper (prctl(2)): a process whose parent has ended, as that of a daemon has, becomes its child. One that ends by a signal of
 * a crash, or with the code by which a shell tells of one, is said on stderr. When the command has ended, what still runs has some
 * seconds to end by itself; then it is said, and ended. Both make a success of the command a failure (1), else its exit code or its signal
 * is passed on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 10, MANY = 1024 };

/* What runs as our child: its words are gone when it has ended, so they are looked up before. */
static struct one { pid_t pid; char name[512]; } known[MANY];
static pid_t command;
static int status_of_command, ended, bad;

/* The signal of a crash that a status tells of; nothing for any other. */
static const char *crash(int status) {
  switch (WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) - 128) {
    case SIGABRT: return "SIGABRT";
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGILL: return "SIGILL";
    case SIGFPE: return "SIGFPE";
    case SIGTRAP: return "SIGTRAP";
    case SIGSYS: return "SIGSYS";
    default: return NULL;
  }
}

static void read_file(pid_t pid, const char *file, char *into, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
  FILE *from = fopen(path, "r");
  size_t length = from == NULL ? 0 : fread(into, 1, size - 1, from);
  if (from != NULL) fclose(from);
  while (length > 0 && (into[length - 1] == 0 || into[length - 1] == '\n')) length--;
  for (size_t i = 0; i < length; i++) if ((unsigned char)into[i] < ' ') into[i] = ' ';
  into[length] = 0;
}

static struct one *find(pid_t pid) {
  for (int i = 0; i < MANY; i++) if (known[i].pid == pid) return &known[i];
  return NULL;
}

static const char *name_of(pid_t pid) {
  static char words[512];
  struct one *one = find(pid);
  if (one != NULL) return one->name;
  read_file(pid, "cmdline", words, sizeof words);
  if (words[0] == 0) read_file(pid, "comm", words, sizeof words);
  return words;
}

/* Calls `each` for all our children but the command; how many there are. */
static int children(void (*each)(pid_t)) {
  char text[16384], path[64];
  snprintf(path, sizeof path, "task/%d/children", (int)getpid());
  read_file(getpid(), path, text, sizeof text);
  int count = 0;
  for (char *at = text, *end; *at != 0; at = end) {
    pid_t pid = (pid_t)strtol(at, &end, 10);
    if (end == at) break;
    if (pid == command && !ended) continue;
    count++;
    each(pid);
  }
  return count;
}

/* Again each time: what was forked may have become another program since. Of one that has ended the words are gone. */
static void know(pid_t pid) {
  char words[512];
  struct one *one = find(pid);
  read_file(pid, "cmdline", words, sizeof words);
  if (one == NULL) {
    if ((one = find(0)) == NULL) return;
    if (words[0] == 0) read_file(pid, "comm", words, sizeof words);
    one->pid = pid;
  }
  if (words[0] != 0) snprintf(one->name, sizeof one->name, "%s", words);
}

static void say_left(pid_t pid) {
  char link[64], directory[PATH_MAX];
  snprintf(link, sizeof link, "/proc/%d/cwd", (int)pid);
  ssize_t length = readlink(link, directory, sizeof directory - 1);
  directory[length < 0 ? 0 : length] = 0;
  fprintf(stderr, "watch: still running: %d %s (in %s)\n", (int)pid, name_of(pid), directory);
  bad = 1;
}
static void terminate(pid_t pid) { kill(pid, SIGTERM); }
static void end(pid_t pid) { kill(pid, SIGKILL); }

/* Takes in what has ended. */
static void reap(void) {
  siginfo_t info = { 0 };
  while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0) {
    pid_t pid = info.si_pid;
    char name[512];
    snprintf(name, sizeof name, "%s", name_of(pid));
    int status;
    if (waitpid(pid, &status, 0) != pid) return;
    struct one *one = find(pid);
    if (one != NULL) one->pid = 0;
    if (crash(status) != NULL) {
      fprintf(stderr, "watch: ended by %s: %d %s\n", crash(status), (int)pid, name);
      bad = 1;
    }
    if (pid == command) {
      ended = 1;
      status_of_command = status;
    }
    info.si_pid = 0;
  }
}

/* Until one of them comes, or a while has passed. */
static int next(const sigset_t *signals, long milliseconds, siginfo_t *info) {
  struct timespec wait = { milliseconds / 1000, milliseconds % 1000 * 1000000 };
  return sigtimedwait(signals, info, &wait);
}

/* Waits for the end of all children. */
static int all_gone(const sigset_t *signals, int seconds) {
  siginfo_t info;
  for (int i = 0; i < seconds * 10; i++) {
    reap();
    if (children(know) == 0) return 1;
    next(signals, 100, &info);
  }
  return 0;
}

int main(int count, char **words) {
  static const int passed_on[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
  if (count < 2) return fprintf(stderr, "usage: watch COMMAND [ARGUMENT...]\n"), 2;
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return perror("watch: prctl"), 1;
  /* were it ignored, as a parent may leave it, nobody's end would be told */
  signal(SIGCHLD, SIG_DFL);
  sigset_t signals, before;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++) sigaddset(&signals, passed_on[i]);
  sigprocmask(SIG_BLOCK, &signals, &before);
  command = fork();
  if (command < 0) return perror("watch: fork"), 1;
  if (command == 0) {
    sigprocmask(SIG_SETMASK, &before, NULL);
    execvp(words[1], words + 1);
    fprintf(stderr, "watch: %s: %s\n", words[1], strerror(errno));
    _exit(127);
  }
  while (!ended) {
    siginfo_t info;
    int signal = next(&signals, 100, &info);
    if (signal == SIGCHLD || signal < 0) {
      reap();
      children(know);
    } else if (info.si_code <= 0) kill(command, signal); /* from a terminal all of the group have it already */
  }
  if (!all_gone(&signals, PATIENCE)) {
    children(say_left);
    /* the children of what ends become ours */
    children(terminate);
    for (int i = 0; i < 5 && !all_gone(&signals, 1); i++) children(end);
  }
  if (WIFEXITED(status_of_command)) return WEXITSTATUS(status_of_command) != 0 ? WEXITSTATUS(status_of_command) : bad;
  if (crash(status_of_command) != NULL) return 1;
  struct rlimit no_core = { 0, 0 };
  setrlimit(RLIMIT_CORE, &no_core);
  sigprocmask(SIG_SETMASK, &before, NULL);
  signal(WTERMSIG(status_of_command), SIG_DFL);
  raise(WTERMSIG(status_of_command));
  return 128 + WTERMSIG(status_of_command);
}
