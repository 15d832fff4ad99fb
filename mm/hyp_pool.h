/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's heap. Its frames are owned by OWNER_HYP and mapped in the
 * physmap, read-write and never executable, only while they are allocated.
 * All calls are safe on any pCPU, under any lock of rank below the EL2 map's
 * (docs/locking.md), but not from interrupt handlers: they may scrub.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/lib/types.h"

#define HYP_ALLOC_MAX_PAGES 1024           /* 4 MiB */

/**
 * hyp_alloc_pages() - contiguous zeroed pages
 * @nr: 1..HYP_ALLOC_MAX_PAGES
 * @p:  set to the first; physically aligned to nr pages rounded up to a power of two
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
int hyp_alloc_pages(unsigned int nr, void **p);

/* Give them back; p and nr as allocated. Scrubs. NULL is ignored. */
void hyp_free_pages(void *p, unsigned int nr);

/**
 * hyp_zalloc() - a zeroed object of any size up to HYP_ALLOC_MAX_PAGES pages
 * Return: 64-byte aligned; NULL: no memory, or size 0 or too large.
 */
void *hyp_zalloc(size_t size);

/* Give back what hyp_zalloc() gave; NULL is ignored. A double free panics. */
void hyp_free(void *p);

/* The frame of heap memory or of the image. Panics for any other address. */
pa_t hyp_pa(const void *p);

/* The inverse, for a frame that is the heap's or the image's: others are not mapped. */
void *hyp_va(pa_t pa);

/* Heap pages handed out now: by hyp_alloc_pages() and for objects together. */
uint64_t hyp_pool_pages(void);

/* For mm/mm_init.c: an empty heap, and where HYP_IMAGE_VA lies. */
void hyp_pool_init(pa_t image_pa, uint64_t image_size);

/* For mm/hyp_pool.c: no objects. */
void hyp_heap_init(void);
