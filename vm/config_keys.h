/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of the properties a node of the packed configuration may have, and the
 * walker that reads a node by its table. A property no table names is an error:
 * what would be ignored must not be accepted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_kind {
	KEY_U32,      /* one cell, min to max                             */
	KEY_U64,      /* one cell or two                                  */
	KEY_BOOL,     /* one cell, 0 or 1                                 */
	KEY_STRING,   /* kept as a pointer                                */
	KEY_ENUM,     /* one of words[], stored as its index              */
	KEY_ACCESS,   /* letters of "rwx", stored as CONFIG_ACCESS_*      */
	KEY_NUMBERS,  /* cells, each min to max; struct config_numbers       */
	KEY_CPUS,     /* 64-bit masks: one for all vCPUs, or one for each */
	KEY_LIST,     /* strings; struct config_list                      */
	KEY_CONST,    /* looked at elsewhere                              */
};

struct config_key {
	const char *name;              /* NULL ends a table                   */
	union {
		const char *const *words;              /* KEY_ENUM; NULL at its end   */
		struct { uint32_t min, max; };         /* KEY_U32, KEY_NUMBERS        */
	};
	uint16_t offset;               /* of the field in the node's struct   */
	uint8_t  kind;                 /* KEY_*                               */
	uint8_t  policies;             /* bit n: for VMs under policy n; 0: all */
};

#define KEY(n, k, type, field)          { n, { NULL }, offsetof(type, field), k, 0 }
#define KEY_WORDS(n, type, field, list) KEY_WORDS_FOR(n, type, field, list, 0)
#define KEY_WORDS_FOR(n, type, field, list, policies) \
	{ n, { list }, offsetof(type, field), KEY_ENUM, policies }
#define KEY_RANGE(n, k, type, field, lo, hi, policies) \
	{ n, { .min = lo, .max = hi }, offsetof(type, field), k, policies }
#define KEY_NUM(n, type, field, min, max) KEY_RANGE(n, KEY_U32, type, field, min, max, 0)
#define KEY_NUMBERS(n, type, field, min, max) KEY_RANGE(n, KEY_NUMBERS, type, field, min, max, 0)
#define KEY_ELSEWHERE(n)                { n, { NULL }, 0, KEY_CONST, 0 }
#define KEY_END                         { NULL, { NULL }, 0, 0, 0 }

extern const struct config_key config_no_keys[];

/* Where the reading is, for those who report. */
struct config_parser {
	const void *dtb;
	const char *node;              /* section being read, "": the VM itself */
	char *reason;                  /* CONFIG_REASON_LEN bytes               */
	uint64_t *given;               /* NULL, or bit n is set: key n was there */
};

/**
 * config_keys_parse() - read all properties of a node into a struct
 * @p:    where we are
 * @node: its tag in the tree, which is sound
 * @keys: what it may have
 * @base: the struct the keys' offsets are in
 *
 * Return: 0; -EINVAL with p->reason set.
 */
int config_keys_parse(const struct config_parser *p, const uint32_t *node,
		      const struct config_key *keys, void *base);

/* 1 to 31 letters, digits, '-', '_' and '.'; and the sentence that says so. */
bool config_name_ok(const char *name);
#define CONFIG_NAME_RULE "it must be 1 to %d letters, digits, '-', '_' and '.'"

/**
 * config_section_is() - is a node's name that of a section?
 * @name: "memory-3"
 * @what: "memory"
 * @many: whether there may be several
 */
bool config_section_is(const char *name, const char *what, bool many);

/* The number in the first nr cells (1 or 2) at val, which are words of the tree. */
uint64_t config_cells(const void *val, int nr);

/* Put "section/key: text" into p->reason. Return: -EINVAL, so a caller can end with it. */
__attribute__((format(printf, 3, 4)))
int config_refuse(const struct config_parser *p, const char *key, const char *fmt, ...);

/*
 * Put a sentence into reason (CONFIG_REASON_LEN bytes) unless one is there: the
 * first fault found is the one to show. Bytes a terminal might obey become '?'.
 */
__attribute__((format(printf, 2, 3)))
void config_reason(char *reason, const char *fmt, ...);
