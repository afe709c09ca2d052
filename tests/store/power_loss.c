/* A disk that forgets what was not synced, for a process that runs with this library preloaded.
 *
 * Files under POWER_LIVE work as always. POWER_DURABLE is what is left of them after the power went:
 * the content of a file comes there when fsync or fdatasync is called for it, and the names in a
 * directory (created, renamed, removed) when fsync is called for that directory. A file whose content
 * was synced keeps the name it had then, as on a file system that logs the creation with the file.
 * sync_file_range does nothing here: it writes neither metadata nor the cache of the drive.
 *
 * A sync copies only what was written since the last one. Writes through a mapping are not seen.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define FILES_MAX 1024
#define BUFFER_BYTES 65536

/* What was written to a file since it was last synced: one span from the first to the last byte. */
struct dirty {
    dev_t dev;
    ino_t ino;
    off_t from, to;
};

static struct dirty dirty[FILES_MAX];
static int dirty_count;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
