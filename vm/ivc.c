/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/ivc.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

#include <arch/cpu.h>
#include "core/lib/bits.h"
#include "core/log.h"
#include "core/mutex.h"
#include "mm/frames.h"
#include "mm/hyp_pool.h"
#include "vm/shared.h"
#include "vm/smccc.h"
#include "vm/vm.h"

#define SPI_FIRST 32
#define BLOCK     order_size(FRAMES_ORDER_2M)    /* where so much fits, it is mapped at once */

/* A handle: which slot of which VM, and the how manieth of it. A value, so it may be made up. */
#define HANDLE_SLOT BITS(7, 0)
#define HANDLE_VM   BITS(15, 8)
#define HANDLE_NR   BITS(63, 16)
_Static_assert(BITS_DISJOINT3(HANDLE_SLOT, HANDLE_VM, HANDLE_NR), "handle");
_Static_assert(CONFIG_MAX_VMS <= 256 && CONFIG_IVC_SLOTS <= 256, "handle");
_Static_assert(IVC_MAX_REGIONS + CONFIG_MAX_CHANNELS <= FRAMES_MAX_GRANTS &&
	       DOORBELL_MAX_MEMBERS <= FRAMES_MAX_MEMBERS, "grants, members");

enum region_state {
	REGION_FREE,
	REGION_MAKING,    /* the publisher makes its memory                            */
	REGION_LIVE,      /* published                                                 */
	REGION_ENDED,     /* not any more: those who have it keep it, nobody else comes */
};

struct ivc_region {
	enum region_state state;
	uint32_t publisher;              /* slot of the VM: it is charged, in any state but FREE */
	uint32_t id;                     /* of that VM, by which others name it       */
	uint64_t key, size;
	bool writable;                   /* by subscribers                            */
	uint32_t grant;
	uint32_t members;                /* bit n: somebody is member n               */
	/* with a lock of its own; for ever */
	struct doorbell_hub hub;
};

static struct {
	struct mutex lock;               /* order 5, docs/locking.md                  */
	/* under lock */
	struct ivc_region region[IVC_MAX_REGIONS];
} ivc;

/* --- what there is ------------------------------------------------------------- */

static struct ivc_region *find_locked(uint64_t id, uint64_t key)
{
	for (uint32_t i = 0; i < IVC_MAX_REGIONS; i++) {
		struct ivc_region *r = &ivc.region[i];

		if ((r->state == REGION_LIVE || r->state == REGION_MAKING) &&
		    r->id == id && r->key == key)
			return r;
	}
	return NULL;
}

static struct ivc_slot *slot_of_locked(struct vm *vm, const struct ivc_region *r)
{
	for (uint32_t i = 0; i < CONFIG_IVC_SLOTS; i++)
		if (vm->ivc->slot[i].region == r)
			return &vm->ivc->slot[i];
	return NULL;
}

/* What it has published, and what others keep of that; and one more. */
static int64_t charge_locked(const struct vm *vm, uint64_t size, struct ivc_region **free)
{
	const struct config_ivc *c = &vm->cfg->ivc;
	uint64_t nr = 0, sum = 0;

	*free = NULL;
	for (uint32_t i = 0; i < IVC_MAX_REGIONS; i++) {
		struct ivc_region *r = &ivc.region[i];

		if (r->state == REGION_FREE)
			*free = r;
		else if (r->publisher == vm->slot)
			nr++, sum += r->size;
	}
	return nr < c->publish && size <= MIN(c->memory - sum, CONFIG_MAX_CHANNEL_SIZE) && *free ?
	       SMCCC_SUCCESS : IVC_LIMIT;
}

/* --- where it goes in the VM's addresses ------------------------------------------ */

static bool taken_locked(const struct vm *vm, uint64_t ipa, uint64_t size, uint64_t *end)
{
	for (uint32_t i = 0; i < CONFIG_IVC_SLOTS; i++) {
		const struct ivc_slot *s = &vm->ivc->slot[i];

		if (!s->region || !range_overlap(ipa, size, s->ipa, s->region->size))
			continue;
		*end = s->ipa + s->region->size;
		return true;
	}
	return false;
}

static int64_t place_locked(const struct vm *vm, uint64_t wanted, uint64_t size, uint64_t *ipa)
{
	const struct config_ivc *c = &vm->cfg->ivc;
	uint64_t align = size >= BLOCK ? BLOCK : PAGE_SIZE, at, end;

	if (wanted != IVC_ANYWHERE) {
		if (!is_aligned(wanted, PAGE_SIZE) || wanted < c->ipa ||
		    wanted - c->ipa >= c->window || size > c->window - (wanted - c->ipa))
			return SMCCC_INVALID_PARAMETER;
		*ipa = wanted;
		return taken_locked(vm, wanted, size, &end) ? IVC_BUSY : SMCCC_SUCCESS;
	}
	/* Each step leaves one of a few behind. */
	for (at = align_up(c->ipa, align); at - c->ipa < c->window &&
	     size <= c->window - (at - c->ipa); at = align_up(end, align)) {
		*ipa = at;
		if (!taken_locked(vm, at, size, &end))
			return SMCCC_SUCCESS;
	}
	return IVC_LIMIT;
}

/* A slot for this region, which so has its place; no handle leads to it yet. */
static int64_t slot_take_locked(struct vm *vm, struct ivc_region *r, uint64_t wanted,
				struct ivc_slot **slot)
{
	struct ivc_slot *s = slot_of_locked(vm, NULL);
	int64_t code = s ? place_locked(vm, wanted, r->size, &s->ipa) : IVC_LIMIT;

	if (code == SMCCC_SUCCESS) {
		s->region = r;
		*slot = s;
	}
	return code;
}

/* --- join and leave ----------------------------------------------------------------- */

static int64_t code_of(int err)
{
	return err == -ENOSPC ? IVC_LIMIT : err ? IVC_NO_MEMORY : SMCCC_SUCCESS;
}

/* The VM holds a reference of the memory. */
static int64_t join_locked(struct vm *vm, struct ivc_slot *s, uint32_t member, bool write)
{
	struct ivc_region *r = s->region;
	int err = shared_map(vm, IPA(s->ipa), r->grant, write ? S2_R | S2_W : S2_R);

	if (err)
		return code_of(err);
	s->mapped = true;
	r->members |= (uint32_t)BIT(member);
	doorbell_join(&s->bell, &r->hub, member);
	atomic_store(&s->handle, BITS_VAL(HANDLE_SLOT, (uint64_t)(s - vm->ivc->slot)) |
		     BITS_VAL(HANDLE_VM, (uint64_t)vm->slot) |
		     BITS_VAL(HANDLE_NR, ++vm->ivc->last));
	return SMCCC_SUCCESS;
}

/*
 * The last one scrubs, without the lock and with interrupts enabled, whoever calls. Meanwhile
 * the region is not LIVE, so nobody comes, and not FREE.
 */
static void end_locked(struct vm *vm, struct ivc_region *r)
{
	uint64_t flags;

	mutex_unlock(&ivc.lock);
	flags = arch_irq_save();
	arch_irq_enable();
	frames_unshare(r->grant, owner_vm(vm->slot));
	arch_irq_restore(flags);
	mutex_lock(&ivc.lock);
	r->state = REGION_FREE;
}

/* Of a slot that has joined, or that could not be. The lock is dropped meanwhile. */
static void leave_locked(struct vm *vm, struct ivc_slot *s)
{
	struct ivc_region *r = s->region;
	uint32_t member = s->bell.idx;

	atomic_store(&s->handle, 0);
	if (r->publisher == vm->slot)
		r->state = REGION_ENDED;
	if (s->mapped) {
		doorbell_leave(&s->bell);
		/* Does not fail; if it did, the memory would stay, and be nobody else's. */
		if (shared_unmap(vm, IPA(s->ipa), r->size))
			return;
		r->members &= ~(uint32_t)BIT(member);
		s->mapped = false;
	}
	s->region = NULL;
	if (r->members)
		frames_unshare(r->grant, owner_vm(vm->slot));
	else
		end_locked(vm, r);
}

/* --- the calls ------------------------------------------------------------------------ */

/* What x0 says when it has worked; then x1 to x6. */
static int64_t told(const struct vm *vm, const struct ivc_slot *s, int64_t code, uint64_t *x)
{
	uint32_t idx;

	if (code)
		return code;
	idx = (uint32_t)(s - vm->ivc->slot);
	x[1] = atomic_load(&s->handle);
	x[2] = s->ipa;
	x[3] = s->region->size;
	x[4] = vm->cfg->ivc.doorbell + idx * DOORBELL_MMIO_SIZE;
	x[5] = SPI_FIRST + vm->cfg->ivc.spi + idx;
	x[6] = s->bell.idx;
	return 0;
}

static int make(struct vm *vm, struct ivc_region *r)
{
	uint64_t flags = arch_irq_save();
	char name[FRAMES_NAME_MAX];
	int err;

	arch_irq_enable();
	snprintf(name, sizeof(name), "ivc %u", (unsigned int)(r - ivc.region));
	err = shared_make(name, owner_vm(vm->slot), r->size, &r->grant);
	arch_irq_restore(flags);
	return err;
}

static int64_t publish(struct vm *vm, uint64_t *x)
{
	uint64_t key = x[1], size = x[2], flags = x[4];
	struct ivc_region *r;
	struct ivc_slot *s = NULL;
	int64_t code;
	int err;

	if (!size || !is_aligned(size, PAGE_SIZE) || (flags & ~(uint64_t)IVC_WRITE))
		return SMCCC_INVALID_PARAMETER;
	if (!vm->cfg->ivc.publish)
		return IVC_DENIED;
	if (find_locked(vm->cfg->id, key))
		return IVC_ALREADY;
	code = charge_locked(vm, size, &r);
	if (code)
		return code;
	r->size = size;
	code = slot_take_locked(vm, r, x[3], &s);
	if (code)
		return code;
	r->state = REGION_MAKING;
	r->publisher = vm->slot;
	r->id = vm->cfg->id;
	r->key = key;
	r->writable = flags & IVC_WRITE;
	r->members = 0;
	mutex_unlock(&ivc.lock);
	err = make(vm, r);
	mutex_lock(&ivc.lock);
	if (err) {
		s->region = NULL;
		r->state = REGION_FREE;
		return code_of(err);
	}
	code = join_locked(vm, s, 0, true);
	if (code)
		leave_locked(vm, s);
	else
		r->state = REGION_LIVE;
	return told(vm, s, code, x);
}

static int64_t subscribe(struct vm *vm, uint64_t *x)
{
	const struct config_ivc *c = &vm->cfg->ivc;
	struct ivc_region *r = find_locked(x[1], x[2]);
	uint64_t flags = x[4];
	struct ivc_slot *s = NULL;
	int64_t code;

	if (flags & ~(uint64_t)IVC_WRITE)
		return SMCCC_INVALID_PARAMETER;
	/* Who may see nothing of a VM does not learn what it has published. */
	if (!r || r->state != REGION_LIVE || !((c->read | c->write) & BIT(r->publisher)))
		return IVC_NOT_FOUND;
	if (flags && !(r->writable && (c->write & BIT(r->publisher))))
		return IVC_DENIED;
	if (slot_of_locked(vm, r))
		return IVC_ALREADY;
	if (r->members == BITS(DOORBELL_MAX_MEMBERS - 1, 0))
		return IVC_LIMIT;
	code = slot_take_locked(vm, r, x[3], &s);
	if (code)
		return code;
	code = code_of(frames_share_get(r->grant, owner_vm(vm->slot)));
	if (code) {
		s->region = NULL;
		return code;
	}
	code = join_locked(vm, s, (uint32_t)__builtin_ctz(~r->members), flags);
	if (code)
		leave_locked(vm, s);
	return told(vm, s, code, x);
}

/* The slot that a handle stands for, or NULL and a code. */
static struct ivc_slot *handle_use(struct vm *vm, uint64_t handle, int64_t *code)
{
	uint64_t idx = bits_get(HANDLE_SLOT, handle), nr = bits_get(HANDLE_NR, handle);
	struct ivc_slot *s = &vm->ivc->slot[idx % CONFIG_IVC_SLOTS];

	*code = SMCCC_INVALID_PARAMETER;
	if (idx >= CONFIG_IVC_SLOTS || bits_get(HANDLE_VM, handle) != vm->slot || !nr ||
	    nr > __atomic_load_n(&vm->ivc->last, __ATOMIC_RELAXED))
		return NULL;
	*code = IVC_STALE;
	if (atomic_load(&s->handle) != handle)
		return NULL;
	*code = SMCCC_SUCCESS;
	return s;
}

static int64_t part(struct vm *vm, const uint64_t *x, bool publisher)
{
	int64_t code;
	struct ivc_slot *s = handle_use(vm, x[1], &code);

	if (!s)
		return code;
	if ((s->region->publisher == vm->slot) != publisher)
		return SMCCC_INVALID_PARAMETER;
	leave_locked(vm, s);
	return SMCCC_SUCCESS;
}

static int64_t notify(struct vm *vm, const uint64_t *x)
{
	int64_t code;
	struct ivc_slot *s = handle_use(vm, x[1], &code);
	uint64_t self;

	if (!s)
		return code;
	if (x[2] != IVC_EVERYONE)
		return doorbell_ring(&s->bell, x[2]) ? SMCCC_SUCCESS : IVC_NOT_FOUND;
	self = __atomic_load_n(&s->bell.idx, __ATOMIC_RELAXED);
	for (uint64_t i = 0; i < DOORBELL_MAX_MEMBERS; i++)
		if (i != self)
			doorbell_ring(&s->bell, i);
	return SMCCC_SUCCESS;
}

static int64_t info(const struct vm *vm, uint64_t *x)
{
	struct ivc_slot *s;

	if (x[1] >= CONFIG_IVC_SLOTS)
		return SMCCC_INVALID_PARAMETER;
	s = &vm->ivc->slot[x[1]];
	if (!atomic_load(&s->handle))
		return IVC_NOT_FOUND;
	told(vm, s, SMCCC_SUCCESS, x);
	x[5] = s->region->key;
	x[6] = s->region->id;
	x[7] = s->bell.idx | (uint64_t)doorbell_present(&s->bell) << 32;
	return SMCCC_SUCCESS;
}

static int64_t features(const struct vm *vm, uint64_t *x)
{
	const struct config_ivc *c = &vm->cfg->ivc;

	x[1] = BITS(IVC_NR_FNS - 1, 0);
	x[2] = vm->cfg->id;
	x[3] = CONFIG_IVC_SLOTS;
	x[4] = c->publish;
	x[5] = c->memory;
	x[6] = c->ipa;
	x[7] = c->window;
	return SMCCC_SUCCESS;
}

static int64_t locked_call(struct vm *vm, uint32_t fn, uint64_t *x)
{
	int64_t code;

	mutex_lock(&ivc.lock);
	if (fn == IVC_PUBLISH)
		code = publish(vm, x);
	else if (fn == IVC_SUBSCRIBE)
		code = subscribe(vm, x);
	else if (fn == IVC_INFO)
		code = info(vm, x);
	else
		code = part(vm, x, fn == IVC_UNPUBLISH);
	mutex_unlock(&ivc.lock);
	return code;
}

bool ivc_has(const struct vm *vm, uint32_t fid)
{
	return CONFIG_CHANNELS && vm->ivc && fid - IVC_FID < IVC_NR_FNS;
}

enum exit_verdict ivc_quick(struct vm *vm, uint64_t *x)
{
	uint32_t fn = (uint32_t)x[0] - IVC_FID;

	if (fn == IVC_FEATURES)
		x[0] = (uint64_t)features(vm, x);
	else if (fn == IVC_NOTIFY)
		x[0] = (uint64_t)notify(vm, x);
	else
		return EXIT_UP;
	return EXIT_DONE;
}

enum exit_verdict ivc_call(struct vm *vm, uint64_t *x)
{
	if (!ivc_has(vm, (uint32_t)x[0]))
		return EXIT_UP;
	if (ivc_quick(vm, x) == EXIT_UP)
		x[0] = (uint64_t)locked_call(vm, (uint32_t)x[0] - IVC_FID, x);
	return EXIT_DONE;
}

/* --- the VM's doorbells; its life ------------------------------------------------------- */

static int bells_access(struct mmio_device *dev, struct mmio_access *acc)
{
	struct vm_ivc *i = (struct vm_ivc *)dev;
	struct doorbell *bell = &i->slot[acc->offset / DOORBELL_MMIO_SIZE].bell;

	acc->offset %= DOORBELL_MMIO_SIZE;
	return doorbell_access(&bell->dev, acc);
}

int ivc_create(struct vm *vm)
{
	const struct config_ivc *c = &vm->cfg->ivc;
	int err = -ENOMEM;

	if (!config_has_ivc(vm->cfg))
		return 0;
	vm->ivc = hyp_zalloc(sizeof(*vm->ivc));
	if (vm->ivc) {
		vm->ivc->dev = (struct mmio_device){
			.name = "ivc", .base = c->doorbell, .access = bells_access,
			.size = CONFIG_IVC_SLOTS * DOORBELL_MMIO_SIZE,
		};
		for (uint32_t i = 0; i < CONFIG_IVC_SLOTS; i++)
			doorbell_init(&vm->ivc->slot[i].bell, 0,
				      vgic_line(&vm->vgic, SPI_FIRST + c->spi + i));
		err = bus_add(&vm->bus, &vm->ivc->dev);
	}
	if (err) {
		log_err("VM %s: no place for ivc (%d)", vm_name(vm), err);
		hyp_free(vm->ivc);
		vm->ivc = NULL;
	}
	return err;
}

void ivc_reset(struct vm *vm)
{
	if (!CONFIG_CHANNELS || !vm->ivc)
		return;
	mutex_lock(&ivc.lock);
	for (uint32_t i = 0; i < CONFIG_IVC_SLOTS; i++)
		if (vm->ivc->slot[i].region)
			leave_locked(vm, &vm->ivc->slot[i]);
	mutex_unlock(&ivc.lock);
}

void ivc_destroy(struct vm *vm)
{
	if (!CONFIG_CHANNELS || !vm->ivc)
		return;
	ivc_reset(vm);
	hyp_free(vm->ivc);
	vm->ivc = NULL;
}
