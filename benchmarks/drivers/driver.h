/*
 * What the drivers have in common. A driver is started in a folder with the
 * keys and messages, reads lines "FILE COUNT" from its standard input, verifies
 * the form field in that file so often, and answers each line with the CPU time
 * that this took in nanoseconds, or with "refused" and why.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* verify returns NULL, or why the form field was refused. */
static const char *verify(const char *form, size_t size);

static long long cpu_time(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000LL +
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000LL;
}

/* read_file returns the content of a file with a NUL behind it. */
static char *read_file(const char *name, size_t *size)
{
	FILE *f = fopen(name, "rb");
	char *content = NULL;
	size_t room = 0;

	*size = 0;
	if (f == NULL)
		return NULL;
	for (;;) {
		if (*size + 1 >= room) {
			char *more = realloc(content, room = 2 * room + 4096);

			if (more == NULL)
				break;
			content = more;
		}
		size_t n = fread(content + *size, 1, room - *size - 1, f);

		if (n == 0) {
			fclose(f);
			content[*size] = 0;
			return content;
		}
		*size += n;
	}
	fclose(f);
	free(content);
	return NULL;
}

/* serve answers lines until there are none. */
static int serve(void)
{
	char line[512], name[256];
	long count;

	while (fgets(line, sizeof line, stdin) != NULL) {
		const char *why = NULL;
		size_t size;
		char *form;

		if (sscanf(line, "%255s %ld", name, &count) != 2)
			return 2;
		form = read_file(name, &size);
		if (form == NULL)
			return 2;
		long long before = cpu_time();

		for (long i = 0; i < count && why == NULL; i++)
			why = verify(form, size);
		if (why == NULL)
			printf("%lld\n", cpu_time() - before);
		else
			printf("refused: %s\n", why);
		fflush(stdout);
		free(form);
	}
	return 0;
}
