/* Scans texts with Hyperscan (or Vectorscan) and prints patterns matched, time and memory.
 *
 * hyperscan PATTERNS TEXTS COUNT ROUNDS [DATABASE]
 *   PATTERNS  one pattern a line: flags out of "ismx", a tab, the pattern
 *   TEXTS     texts, each ended by a zero byte
 *   DATABASE  where the compiled patterns are kept; read instead of compiling if it is there
 * A development program: it is no part of the library, and is built by run.sh alone. */
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned char *found;
static unsigned long matched;

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
    (void)from; (void)to; (void)flags; (void)context;
    if (!found[id]) { found[id] = 1; matched++; }
    return 0;
}

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static char *read_all(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) { perror(path); exit(1); }
    fseek(file, 0, SEEK_END);
    *size = ftell(file);
    rewind(file);
    char *data = malloc(*size + 1);
    if (fread(data, 1, *size, file) != *size) { perror(path); exit(1); }
    data[*size] = 0;
    fclose(file);
    return data;
}

static hs_database_t *kept(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    fclose(file);
    size_t size;
    hs_database_t *database = 0;
    char *bytes = read_all(path, &size);
    hs_deserialize_database(bytes, size, &database);
    free(bytes);
    return database;
}

static void keep(const char *path, const hs_database_t *database) {
    char *bytes;
    size_t size;
    FILE *file = fopen(path, "wb");
    if (file && hs_serialize_database(database, &bytes, &size) == HS_SUCCESS) fwrite(bytes, 1, size, file);
    if (file) fclose(file);
}

static hs_database_t *compile(char *lines, size_t limit) {
    const char **patterns = calloc(limit, sizeof *patterns);
    unsigned *flags = calloc(limit, sizeof *flags), *ids = calloc(limit, sizeof *ids);
    size_t count = 0, refused = 0;
    for (char *line = strtok(lines, "\n"); line && count < limit; line = strtok(0, "\n")) {
        char *tab = strchr(line, '\t');
        if (!tab) continue;
        unsigned flag = HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY | HS_FLAG_UTF8;
        for (char *c = line; c < tab; c++)
            flag |= *c == 'i' ? HS_FLAG_CASELESS : *c == 's' ? HS_FLAG_DOTALL : *c == 'm' ? HS_FLAG_MULTILINE : 0;
        hs_database_t *alone = 0;
        hs_compile_error_t *error = 0;
        /* One refused pattern fails the whole set, so each is tried alone first. */
        if (hs_compile(tab + 1, flag, HS_MODE_BLOCK, 0, &alone, &error) != HS_SUCCESS) { refused++; hs_free_compile_error(error); continue; }
        hs_free_database(alone);
        patterns[count] = tab + 1; flags[count] = flag; ids[count] = count; count++;
    }
    double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
    hs_database_t *database;
    hs_compile_error_t *error;
    if (hs_compile_multi(patterns, flags, ids, count, HS_MODE_BLOCK, 0, &database, &error) != HS_SUCCESS) {
        fprintf(stderr, "%s\n", error->message);
        exit(1);
    }
    printf("hyperscan\tpatterns %zu\trefused %zu\tcompile_s %.2f\n", count, refused, seconds(CLOCK_PROCESS_CPUTIME_ID) - start);
    return database;
}

int main(int argc, char **argv) {
    if (argc < 5) { fprintf(stderr, "usage: hyperscan PATTERNS TEXTS COUNT ROUNDS\n"); return 2; }
    size_t size, texts_size, rounds = strtoul(argv[4], 0, 10), count = strtoul(argv[3], 0, 10);
    char *texts = read_all(argv[2], &texts_size);
    double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
    hs_database_t *database = argc > 5 ? kept(argv[5]) : 0;
    if (!database) {
        database = compile(read_all(argv[1], &size), count);
        if (argc > 5) keep(argv[5], database);
    }
    double compiled = seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
    size_t memory = 0;
    hs_database_size(database, &memory);
    hs_scratch_t *scratch = 0;
    hs_alloc_scratch(database, &scratch);
    found = calloc(count + 1, 1);
    unsigned long scanned = 0;
    start = seconds(CLOCK_THREAD_CPUTIME_ID);
    for (size_t round = 0; round < rounds; round++)
        for (char *text = texts; text < texts + texts_size; text += strlen(text) + 1) {
            hs_scan(database, text, strlen(text), 0, scratch, on_match, 0);
            memset(found, 0, count);
            scanned++;
        }
    double used = seconds(CLOCK_THREAD_CPUTIME_ID) - start;
    printf("hyperscan\tus_a_text %.1f\thits_a_text %.2f\tcompiled_or_read_s %.2f\tmemory_mb %.1f\n",
           used / scanned * 1e6, (double)matched / scanned, compiled, memory / 1e6);
    return 0;
}
