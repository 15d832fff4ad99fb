/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL2 threads. The scheduler knows nothing of VMs: a vCPU is a thread whose owner
 * set hooks. docs/scheduler.md
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/lib/list.h"
#include "core/lib/types.h"

struct thread;
struct mutex;

/*
 * Called with interrupts masked and no lock held. Any may be NULL: a plain EL2
 * thread has none.
 */
struct thread_hooks {
	void (*switch_in)(struct thread *t);   /* t is about to run here        */
	void (*switch_out)(struct thread *t);  /* t has stopped running here    */
	/* t runs here, and others wait now. Its run queue is locked.            */
	void (*rivals)(struct thread *t);
	/* t leaves this pCPU: nothing of it may stay here. It does not run.    */
	void (*evict)(struct thread *t);
};

enum thread_state {
	THREAD_NEW, THREAD_READY, THREAD_RUNNING, THREAD_BLOCKED,
	THREAD_MOVING,                 /* ready, between two pCPUs              */
	THREAD_DEAD,
};

/* Bits of thread.requests: what to look at before going back to the guest. */
#define THREAD_REQ_RESCHED BIT(0)  /* somebody else should run                */
#define THREAD_REQ_IRQ     BIT(1)  /* vGIC: state changed, flush               */
#define THREAD_REQ_VCPU    BIT(2)  /* vm/vmm floors: look at the vCPU's orders */
#define THREAD_REQ_TIMER   BIT(3)  /* an emulated timer's level must be looked at */
#define THREAD_REQ_MUTEX   BIT(4)  /* core/mutex.c: the lock is yours          */
#define THREAD_REQ_DIRECT  BIT(5)  /* vGIC: it could have the CPU interface; stays  */
#define THREAD_REQ_SGI(n)  BIT(16 + (n))  /* vGIC: SGI n, 0 to 15, was sent to it */
#define THREAD_REQ_SGIS    BITS(31, 16)

/* What a policy may ask for. Each looks at its own; all times in counter ticks. */
struct sched_params {
	uint32_t prio;             /* fifo, rr, partition: 1..31, high wins    */
	uint32_t weight;           /* fair: share of the pCPU; 0: SCHED_WEIGHT */
	uint32_t cap_pct;          /* fair: at most this of a pCPU; 0: no cap  */
	uint32_t reservation_pct;  /* fair: at least this of a pCPU            */
	uint32_t group;            /* its VM: partition's windows, yields      */
	uint64_t slice;            /* rr, fair, partition, edf without budget;
				      0: rr, partition never, else a default   */
	uint64_t budget, period;   /* edf: budget in each period; 0: what is left */
};
#define SCHED_WEIGHT   100
#define SCHED_MAX_PRIO 31

/* A policy's own notes about a thread; under the run queue's lock. */
struct sched_entity {
	uint64_t key;              /* fair: virtual time; edf: deadline        */
	uint64_t left;             /* of the slice, or of edf's budget         */
	uint64_t used;             /* fair: in this window; edf: overrun       */
	uint64_t window;           /* fair: end of the window that used is of  */
	bool boost;                /* fair: its reservation is not used up     */
	bool moved;                /* fair: it comes to make up what it lacks  */
	bool gave_way;             /* ready, and had the pCPU when it yielded  */
	bool fresh;                /* ready, and has not run since it woke     */
};

#define THREAD_LATENCIES 24

struct thread {
	uint64_t sp;                   /* saved EL2 stack pointer; known to switch.S */
	_Atomic uint32_t requests;     /* any pCPU sets, the thread clears           */
	_Atomic uint32_t cpu;          /* its pCPU; changes under that one's run-queue
					  lock, and only while it does not run       */
	/* under the run-queue lock of cpu */
	struct list_node rq_node;
	_Atomic uint32_t state;                /* enum thread_state; read without    */
	uint32_t wait_mask;            /* requests that end its sleep                */
	uint32_t home;                 /* pCPU it shall be on; differs: it must move */
	uint32_t urgency;              /* as system class and priority; inherited too */
	bool woken;                    /* ready after a sleep                        */
	uint64_t affinity;             /* pCPUs it may be on                         */
	struct sched_params sched;
	struct sched_entity se;
	/* fixed once started */
	uint32_t id;                   /* for traces                                 */
	uint32_t prio;                 /* its own: 0 idle, 1 .. 31 highest           */
	bool policed;                  /* runs under its pool's policy; else a system
					  thread, which goes before all these        */
	const struct thread_hooks *hooks;
	struct thread *helper;         /* of its group, or NULL: see below      */
	va_t stack_base;
	uint64_t stack_size;
	void (*entry)(void *arg);
	void *arg;
	char name[24];
	_Atomic bool off_cpu;          /* dead, and its stack is in use no more      */
	uint32_t booked_ppm;           /* of home, by admission; core/sched_pool.c   */
	/* core/mutex.c, under its lock */
	struct mutex *waits_for;
	struct mutex *held;
	/* statistics, under the run-queue lock */
	uint64_t ran;                  /* ticks on a pCPU                            */
	uint64_t waited;               /* ticks ready, not running: stolen           */
	uint64_t since;                /* counter when it began to run or to wait    */
	uint32_t latency[THREAD_LATENCIES];  /* wake-ups that took [2^n, 2^n+1) ticks */
};

/**
 * thread_create() - make a thread, not yet running
 * @t:     caller's storage, zeroed
 * @name:  copied, cut to fit
 * @cpu:   pCPU index
 * @prio:  1..31
 * @entry: body, entered with interrupts enabled; returning ends the thread
 * @arg:   handed to entry
 *
 * A system thread: fixed priority, before all threads that are under a policy. If
 * its pCPU's pool takes none it goes to the housekeeping pCPU. thread_set_params()
 * before its start makes it one of the pool's policy.
 *
 * Return: 0; -ENOMEM no stack.
 */
int thread_create(struct thread *t, const char *name, uint32_t cpu, uint32_t prio,
		  void (*entry)(void *arg), void *arg);

/**
 * thread_set_params() - what its pool's policy shall give a thread
 * @t: not started, or running under a policy
 * @p: copied; zero weight and slice take defaults
 *
 * At any time, from any thread. Takes effect at once.
 *
 * Return: 0; -EINVAL out of range; -ENOSPC edf or reservations: its pCPU has not
 * that much left, nothing is changed.
 */
int thread_set_params(struct thread *t, const struct sched_params *p);

/**
 * thread_set_affinity() - where a thread may run
 * @t:    any
 * @cpus: pCPUs; those that are not up are ignored
 *
 * At any time. A thread that must go elsewhere goes soon, by its own pCPU. Under
 * fair it then moves within @cpus as load demands, else it stays where it is.
 *
 * Return: 0; -EINVAL none is up, or they are of several pools; -ENOSPC as
 * thread_set_params().
 */
int thread_set_affinity(struct thread *t, uint64_t cpus);

/* Make a new thread ready to run; nothing if it is not new. */
void thread_start(struct thread *t);

/* Free the stack of a thread that was never started or has ended; else -1. */
int thread_destroy(struct thread *t);

/* The highest address of the stack, 16-byte aligned. */
va_t thread_stack_top(const struct thread *t);

struct thread *thread_current(void);

/**
 * thread_request() - give a thread something to look at
 * @t:    any thread, may be the current one
 * @bits: THREAD_REQ_*
 *
 * Sets the bits (release), wakes t if it sleeps for one of them, and makes its
 * pCPU leave the guest if it runs elsewhere. Safe with interrupts masked or not,
 * from interrupt handlers, and while holding locks of rank below the run queue's.
 */
void thread_request(struct thread *t, uint32_t bits);

/**
 * thread_block() - stop the current thread until a request comes
 * @mask: returns at once when requests & mask is non-zero
 *
 * No wake-up is lost between the caller's own check and the sleep, provided the
 * waker calls thread_request() with a bit of mask after making its change, and
 * the caller cleared that bit before its check.
 */
void thread_block(uint32_t mask);

/*
 * Let others of at least equal standing run, if there are any. Under rr and fair one of
 * its own group that was pre-empted, which it may be waiting for, goes first and gets
 * what was left to the caller.
 */
void thread_yield(void);

/*
 * A thread's helper does work that it, or others of its group, wait for. When the helper wakes
 * on the pCPU where the thread runs or has its turn, it runs at once in the thread's place and
 * on what is left of its slice; the thread stays in front. So the group gets no more than the
 * thread's due, and nobody else waits longer. Under fifo, rr and fair. A helper that was
 * pre-empted has had its turn: then each of the two has its own.
 */

/* Is anybody else ready on its pCPU? A hint, read without the lock. */
bool thread_has_rivals(const struct thread *t);

/* Must it block to sleep, even alone: time asleep is not time run? */
bool thread_must_sleep(const struct thread *t);

/* A thread as it is now, for listings. */
struct thread_look {
	uint32_t id, cpu;
	enum thread_state state;
	uint64_t ran, waited;          /* up to now                                  */
	uint64_t affinity;
	struct sched_params sched;
	uint32_t latency[THREAD_LATENCIES];
};

/* All of one moment. The caller sees to it that t is not destroyed. */
void thread_look(struct thread *t, struct thread_look *l);

/* Ticks it ran, and ticks it was ready and did not, up to now. */
void thread_times(struct thread *t, uint64_t *ran, uint64_t *waited);

/* Idle loop of the calling pCPU. Never returns. */
void sched_run(void) __attribute__((noreturn));
