// Loaded before libc into a broker: adds what the file CLICKTALLY_CLOCK holds, whole seconds as a 64-bit
// number of this machine, to every reading of the wall clock.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

static volatile int64_t *offset;
static int (*read_clock)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void)
{
	read_clock = dlsym(RTLD_NEXT, "clock_gettime");
	const char *path = getenv("CLICKTALLY_CLOCK");
	int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (file < 0)
		return;
	void *at = mmap(0, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
	if (at != MAP_FAILED)
		offset = at;
}

int clock_gettime(clockid_t clock, struct timespec *to)
{
	int failed = read_clock(clock, to);
	if (!failed && offset && clock == CLOCK_REALTIME)
		to->tv_sec += *offset;
	return failed;
}
