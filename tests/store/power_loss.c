/* A disk that forgets what was not synced, for a process that runs with this library preloaded.
 *
 * Files under POWER_LIVE work as always. POWER_DURABLE shows what is left of them when the power
 * goes: what was written to a file since its last fsync or fdatasync is lost, and so are the names
 * that were made, changed or removed in a directory since its last fsync. sync_file_range does
 * nothing, for it writes neither metadata nor the cache of the drive.
 *
 * The content of a file is kept by inode in POWER_DURABLE.inodes; a name in POWER_DURABLE is a hard
 * link to it. Writes through a mapping and renames of directories are not seen.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define SPANS_MAX 4096
#define COPY_BYTES 65536

/* A part of a file that was written since the file was synced. */
struct span {
    ino_t ino;
    off_t from, to;
};

static struct span spans[SPANS_MAX];
static int span_count;
static char live[PATH_BYTES], durable[PATH_BYTES];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void fail(const char *what) {
    perror(what);
    abort();
}

static void inode_path(ino_t ino, char *path) {
    if (snprintf(path, PATH_BYTES, "%s.inodes/%ju", durable, (uintmax_t)ino) >= PATH_BYTES)
        fail("inode path");
}

/* The durable counterpart of a live path; 0 when the path is not under POWER_LIVE. */
static int durable_path(const char *path, char *out) {
    size_t len = strlen(live);
    if (len == 0 || strncmp(path, live, len) != 0 || (path[len] != '/' && path[len] != 0)) return 0;
    if (snprintf(out, PATH_BYTES, "%s%s", durable, path + len) >= PATH_BYTES) fail("durable path");
    return 1;
}

/* The live path behind a descriptor; 0 when it is not under POWER_LIVE. */
static int watched(int fd, char *path, char *out) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, PATH_BYTES - 1);
    if (len < 0) return 0;
    path[len] = 0;
    return durable_path(path, out);
}

static int adopt(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    char name[PATH_BYTES], inode[PATH_BYTES];
    (void)ftw;
    if (type != FTW_F || !durable_path(path, name)) return 0;
    inode_path(st->st_ino, inode);
    if (link(name, inode) != 0) fail("adopt");
    return 0;
}

__attribute__((constructor)) static void start(void) {
    const char *from = getenv("POWER_LIVE"), *to = getenv("POWER_DURABLE");
    char inodes[PATH_BYTES];
    if (!from || !to) return;
    snprintf(durable, sizeof durable, "%s", to);
    snprintf(live, sizeof live, "%s", from);
    snprintf(inodes, sizeof inodes, "%.4000s.inodes", to);
    if (mkdir(inodes, 0700) != 0) fail("make the directory for inodes");
    nftw(live, adopt, 16, FTW_PHYS);
}

static void written(int fd, off_t from, ssize_t bytes) {
    struct stat st;
    if (bytes <= 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) return;
    for (int i = 0; i < span_count; i++)
        if (spans[i].ino == st.st_ino && spans[i].to == from) {
            spans[i].to = from + bytes;
            return;
        }
    if (span_count == SPANS_MAX) fail("too many spans");
    spans[span_count++] = (struct span){st.st_ino, from, from + bytes};
}

static void copy_span(int from, int to, const struct span *span) {
    static char buffer[COPY_BYTES];
    for (off_t at = span->from; at < span->to;) {
        size_t want = span->to - at < COPY_BYTES ? (size_t)(span->to - at) : COPY_BYTES;
        ssize_t got = pread(from, buffer, want, at);
        if (got == 0) return;
        if (got < 0 || REAL(pwrite)(to, buffer, (size_t)got, at) != got) fail("copy");
        at += got;
    }
}

static void sync_file(const char *path, const struct stat *st) {
    char inode[PATH_BYTES];
    inode_path(st->st_ino, inode);
    int from = REAL(open)(path, O_RDONLY);
    int to = REAL(open)(inode, O_WRONLY | O_CREAT, 0600);
    if (from < 0 || to < 0) fail("sync a file");
    int kept = 0;
    for (int i = 0; i < span_count; i++) {
        if (spans[i].ino == st->st_ino)
            copy_span(from, to, &spans[i]);
        else
            spans[kept++] = spans[i];
    }
    span_count = kept;
    if (ftruncate(to, st->st_size) != 0) fail("cut");
    close(from);
    close(to);
}

/* A file that has a name but was never synced comes back empty. */
static void sync_name(const char *name, const struct stat *st) {
    char inode[PATH_BYTES], beside[PATH_BYTES + 16];
    struct stat there;
    inode_path(st->st_ino, inode);
    int fd = REAL(open)(inode, O_WRONLY | O_CREAT, 0600);
    struct stat kept;
    if (fd < 0 || fstat(fd, &kept) != 0) fail("keep a name");
    close(fd);
    if (stat(name, &there) == 0 && there.st_ino == kept.st_ino) return;
    snprintf(beside, sizeof beside, "%s.inodes/name", durable);
    if (link(inode, beside) != 0 || rename(beside, name) != 0) fail("name");
}

static void sync_directory(const char *path, const char *out) {
    char from[PATH_BYTES * 2], to[PATH_BYTES * 2];
    struct dirent *entry;
    struct stat st;
    mkdir(out, 0700);
    DIR *names = opendir(path);
    while (names && (entry = readdir(names))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        snprintf(from, sizeof from, "%s/%s", path, entry->d_name);
        snprintf(to, sizeof to, "%s/%s", out, entry->d_name);
        if (lstat(from, &st) != 0) continue;
        if (S_ISDIR(st.st_mode))
            mkdir(to, 0700);
        else
            sync_name(to, &st);
    }
    if (names) closedir(names);
    names = opendir(out);
    while (names && (entry = readdir(names))) {
        snprintf(from, sizeof from, "%s/%s", path, entry->d_name);
        snprintf(to, sizeof to, "%s/%s", out, entry->d_name);
        if (lstat(from, &st) != 0) unlink(to);
    }
    if (names) closedir(names);
}

static int synced(int fd) {
    char path[PATH_BYTES], out[PATH_BYTES];
    struct stat st;
    if (!watched(fd, path, out)) return 0;
    pthread_mutex_lock(&mutex);
    if (fstat(fd, &st) != 0) fail("look at what is synced");
    if (S_ISDIR(st.st_mode))
        sync_directory(path, out);
    else
        sync_file(path, &st);
    pthread_mutex_unlock(&mutex);
    return 1;
}

int fsync(int fd) { return synced(fd) ? 0 : REAL(fsync)(fd); }

int fdatasync(int fd) { return synced(fd) ? 0 : REAL(fdatasync)(fd); }

int sync_file_range(int fd, off64_t from, off64_t bytes, unsigned int flags) {
    (void)fd, (void)from, (void)bytes, (void)flags;
    return 0;
}

/* Writing and noting it are one step, so that a sync in between does not miss the bytes. */
#define WRITE(call, fd, from)                             \
    char path[PATH_BYTES], out[PATH_BYTES];               \
    if (!watched(fd, path, out)) return call;             \
    pthread_mutex_lock(&mutex);                           \
    off_t start = from;                                   \
    ssize_t bytes = call;                                 \
    written(fd, start, bytes);                            \
    pthread_mutex_unlock(&mutex);                         \
    return bytes

/* Where a write without an offset begins. */
static off_t here(int fd) {
    struct stat st;
    if ((fcntl(fd, F_GETFL) & O_APPEND) && fstat(fd, &st) == 0) return st.st_size;
    return lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *from, size_t count) {
    WRITE(REAL(write)(fd, from, count), fd, here(fd));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    WRITE(REAL(writev)(fd, parts, count), fd, here(fd));
}

ssize_t pwrite(int fd, const void *from, size_t count, off_t at) {
    WRITE(REAL(pwrite)(fd, from, count, at), fd, at);
}

ssize_t pwrite64(int fd, const void *from, size_t count, off64_t at) {
    WRITE(REAL(pwrite64)(fd, from, count, at), fd, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    WRITE(REAL(pwritev)(fd, parts, count, at), fd, at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
    WRITE(REAL(pwritev64)(fd, parts, count, at), fd, at);
}

/* The inode of a new file may be one that a removed file had: nothing of it is durable yet. */
static int made(int fd, int existed) {
    char path[PATH_BYTES], out[PATH_BYTES], inode[PATH_BYTES];
    struct stat st;
    if (fd < 0 || existed || !watched(fd, path, out) || fstat(fd, &st) != 0) return fd;
    pthread_mutex_lock(&mutex);
    inode_path(st.st_ino, inode);
    unlink(inode);
    int kept = 0;
    for (int i = 0; i < span_count; i++)
        if (spans[i].ino != st.st_ino) spans[kept++] = spans[i];
    span_count = kept;
    pthread_mutex_unlock(&mutex);
    return fd;
}

static int exists(int at, const char *path) { return faccessat(at, path, F_OK, 0) == 0; }

#define OPEN(call, at, path)                               \
    mode_t mode = 0;                                       \
    int existed = !(flags & O_CREAT) || exists(at, path);  \
    if (flags & O_CREAT) {                                 \
        va_list rest;                                      \
        va_start(rest, flags);                             \
        mode = va_arg(rest, mode_t);                       \
        va_end(rest);                                      \
    }                                                      \
    return made(call, existed)

int open(const char *path, int flags, ...) {
    OPEN(REAL(open)(path, flags, mode), AT_FDCWD, path);
}

int open64(const char *path, int flags, ...) {
    OPEN(REAL(open64)(path, flags, mode), AT_FDCWD, path);
}

int openat(int at, const char *path, int flags, ...) {
    OPEN(REAL(openat)(at, path, flags, mode), at, path);
}

int openat64(int at, const char *path, int flags, ...) {
    OPEN(REAL(openat64)(at, path, flags, mode), at, path);
}
