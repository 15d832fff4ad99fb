/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/config_keys.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "core/fdt_sound.h"
#include "core/lib/bits.h"
#include "vm/config.h"

const struct config_key config_no_keys[] = { KEY_END };

void config_reason(char *reason, const char *fmt, ...)
{
	va_list args;

	if (reason[0] != '\0')
		return;
	va_start(args, fmt);
	vsnprintf(reason, CONFIG_REASON_LEN, fmt, args);
	va_end(args);
	for (char *c = reason; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

int config_refuse(const struct config_parser *p, const char *key, const char *fmt, ...)
{
	char text[CONFIG_REASON_LEN / 2];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	config_reason(p->reason, "%.40s%s%.40s: %s", p->node, p->node[0] && key[0] ? "/" : "",
		      key, text);
	return -EINVAL;
}

uint64_t config_cells(const void *val, int nr)
{
	const uint32_t *cell = val;
	uint64_t v = 0;

	for (int i = 0; i < nr; i++)
		v = v << 32 | fdt_be(&cell[i]);
	return v;
}

static int set_u32(const struct config_parser *p, const struct config_key *key, void *field,
		   const void *val, int len)
{
	uint32_t v;

	if (len != 4)
		return config_refuse(p, key->name, "%d bytes; it must be one cell", len);
	v = (uint32_t)config_cells(val, 1);
	if (v < key->min || v > key->max)
		return config_refuse(p, key->name, "%u; it must be %u to %u", (unsigned int)v,
				     (unsigned int)key->min, (unsigned int)key->max);
	*(uint32_t *)field = v;
	return 0;
}

static int set_u64(const struct config_parser *p, const struct config_key *key, void *field,
		   const void *val, int len)
{
	if (len != 4 && len != 8)
		return config_refuse(p, key->name, "%d bytes; it must be one cell or two", len);
	*(uint64_t *)field = config_cells(val, len / 4);
	return 0;
}

static int set_bool(const struct config_parser *p, const struct config_key *key, void *field,
		    const void *val, int len)
{
	uint64_t v = len == 4 ? config_cells(val, 1) : 2;

	if (v > 1)
		return config_refuse(p, key->name, "not a truth value; it must be <0> or <1>");
	*(bool *)field = v != 0;
	return 0;
}

/* The one string a property holds, or NULL: no final NUL, or one inside. */
static const char *string_of(const void *val, int len)
{
	if (len < 1 || memchr(val, '\0', (size_t)len) != (const char *)val + len - 1)
		return NULL;
	return val;
}

static int set_string(const struct config_parser *p, const struct config_key *key, void *field,
		      const void *val, int len)
{
	const char *s = string_of(val, len);

	if (!s)
		return config_refuse(p, key->name, "not a string");
	*(const char **)field = s;
	return 0;
}

static int set_list(const struct config_parser *p, const struct config_key *key, void *field,
		    const void *val, int len)
{
	const char *s = val;

	if (len < 1 || s[len - 1] != '\0')
		return config_refuse(p, key->name, "not a list of strings");
	*(struct config_list *)field = (struct config_list){ s, (uint32_t)len };
	return 0;
}

/* Which of the key's words s is. */
static int word_of(const struct config_parser *p, const struct config_key *key, const char *s,
		   unsigned int *idx)
{
	for (*idx = 0; s && key->words[*idx]; ++*idx)
		if (strcmp(s, key->words[*idx]) == 0)
			return 0;
	return config_refuse(p, key->name, "\"%.20s\" is none of its values", s ? s : "?");
}

static int set_enum(const struct config_parser *p, const struct config_key *key, void *field,
		    const void *val, int len)
{
	return word_of(p, key, string_of(val, len), field);
}

static int set_access(const struct config_parser *p, const struct config_key *key, void *field,
		      const void *val, int len)
{
	static const struct { const char *text; uint32_t access; } known[] = {
		{ "r",   CONFIG_ACCESS_R },
		{ "rw",  CONFIG_ACCESS_R | CONFIG_ACCESS_W },
		{ "rx",  CONFIG_ACCESS_R | CONFIG_ACCESS_X },
		{ "rwx", CONFIG_ACCESS_R | CONFIG_ACCESS_W | CONFIG_ACCESS_X },
	};
	const char *s = string_of(val, len);

	for (size_t i = 0; s && i < ARRAY_SIZE(known); i++) {
		if (strcmp(s, known[i].text) == 0) {
			*(uint32_t *)field = known[i].access;
			return 0;
		}
	}
	return config_refuse(p, key->name, "must be \"r\", \"rw\", \"rx\" or \"rwx\"");
}

static int set_numbers(const struct config_parser *p, const struct config_key *key, void *field,
		       const void *val, int len)
{
	struct config_numbers *list = field;

	if (len < 0 || len % 4 != 0 || len / 4 > (int)ARRAY_SIZE(list->v))
		return config_refuse(p, key->name, "%d bytes; it must be at most %d cells", len,
				     (int)ARRAY_SIZE(list->v));
	for (list->nr = 0; list->nr < (uint32_t)len / 4; list->nr++) {
		uint64_t v = config_cells((const char *)val + 4 * list->nr, 1);

		if (v < key->min || v > key->max)
			return config_refuse(p, key->name, "%u; it must be %u to %u",
					     (unsigned int)v, (unsigned int)key->min,
					     (unsigned int)key->max);
		list->v[list->nr] = (uint16_t)v;
	}
	return 0;
}

/* One mask goes to all vCPUs; the count is compared when it is known. */
static int set_cpus(const struct config_parser *p, const struct config_key *key, void *field,
		    const void *val, int len)
{
	uint64_t *cpus = field;
	int nr = len / 8;

	if (len <= 0 || len % 8 != 0 || nr > CONFIG_MAX_VCPUS)
		return config_refuse(p, key->name, "%d bytes; it must be 64-bit masks", len);
	for (int i = 0; i < CONFIG_MAX_VCPUS; i++)
		cpus[i] = config_cells((const char *)val + 8 * (nr == 1 ? 0 : MIN(i, nr - 1)), 2);
	return 0;
}

bool config_name_ok(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789-_.");

	return len > 0 && len < CONFIG_NAME_LEN && name[len] == '\0';
}

bool config_section_is(const char *name, const char *what, bool many)
{
	size_t n = name[0] == what[0] ? strlen(what) : 1;

	return strncmp(name, what, n) == 0 && (name[n] == '\0' || (many && name[n] == '-'));
}

static int set_key(const struct config_parser *p, const struct config_key *key, void *base,
		   const void *val, int len)
{
	static int (*const set[])(const struct config_parser *, const struct config_key *, void *,
				  const void *, int) = {
		[KEY_U32]    = set_u32,
		[KEY_U64]    = set_u64,
		[KEY_BOOL]   = set_bool,
		[KEY_STRING] = set_string,
		[KEY_ENUM]   = set_enum,
		[KEY_ACCESS] = set_access,
		[KEY_CPUS]   = set_cpus,
		[KEY_LIST]   = set_list,
		[KEY_NUMBERS] = set_numbers,
		[KEY_CONST]  = NULL,
	};

	if (!set[key->kind])
		return 0;
	return set[key->kind](p, key, (char *)base + key->offset, val, len);
}

int config_keys_parse(const struct config_parser *p, const uint32_t *node,
		      const struct config_key *keys, void *base)
{
	const uint32_t *prop = node;

	while ((prop = fdt_prop_next(prop))) {
		const char *name = fdt_prop_name(p->dtb, prop);
		const struct config_key *key = keys;
		int err;

		while (key->name && (key->name[0] != name[0] || strcmp(key->name, name) != 0))
			key++;
		if (!key->name)
			return config_refuse(p, name, "no such key");
		err = set_key(p, key, base, prop + 3, (int)fdt_be(prop + 1));
		if (err)
			return err;
		if (p->given)
			*p->given |= BIT(key - keys);
	}
	return 0;
}
