/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page numbers of all kinds, the rings' own pages among them: what is handed on is whole
 * pages, bounded in number by what the guest listed, and nothing is lent after a reset.
 */
#include "devices/virtio_balloon.h"
#include "tests/fuzz/virtio_guest.h"

static struct virtio_balloon balloon;
static struct virtq queues[VIRTIO_BALLOON_QUEUES];
static struct virtq_seg segs[VIRTIO_BALLOON_QUEUES * VIRTQ_MAX_SIZE];
static struct fuzz_guest guest;
static struct fuzz_in in;
static bool lent;

static void check_pages(void *ctx, ipa_t ipa, uint32_t nr)
{
	FUZZ_CHECK(ctx == &guest && is_aligned(ipa.v, VIRTIO_BALLOON_PAGE));
	FUZZ_CHECK(nr > 0 && nr <= 1024 && !range_bad(ipa.v, nr * VIRTIO_BALLOON_PAGE));
}

static uint32_t inflate(void *ctx, ipa_t ipa, uint32_t nr)
{
	check_pages(ctx, ipa, nr);
	if (!range_overlap(ipa.v, nr * VIRTIO_BALLOON_PAGE, FAKE_RAM_BASE, FUZZ_RAM))
		return 0;
	lent = true;
	fake_ram_take(&guest.ram, ipa.v, nr * VIRTIO_BALLOON_PAGE);
	return nr;
}

static uint32_t deflate(void *ctx, ipa_t ipa, uint32_t nr)
{
	check_pages(ctx, ipa, nr);
	if (ipa.v == guest.ram.hole)
		guest.ram.hole_size = 0;
	return fuzz_below(&in, nr + 1u);
}

static uint32_t report(void *ctx, ipa_t ipa, uint32_t nr)
{
	FUZZ_CHECK(virtio_has(&balloon.dev, VIRTIO_BALLOON_F_REPORTING));
	check_pages(ctx, ipa, nr);
	return fuzz_below(&in, nr + 1u);
}

static void forget(void *ctx)
{
	FUZZ_CHECK(ctx == &guest);
	lent = false;
	guest.ram.hole_size = 0;
}

static const struct virtio_balloon_ops ops = { inflate, deflate, report, forget };

static uint32_t request(struct fuzz_guest *g, uint16_t queue, uint8_t *out, uint32_t *room)
{
	uint32_t how = fuzz_below(&in, 256), nr = fuzz_below(&in, 64), pfn;

	(void)g;
	if (queue >= 3)
		*room = how & 1 ? nr << 9 : fuzz_below(&in, 0x8000);
	pfn = how & 2 ? (uint32_t)fuzz_edge(&in) : (uint32_t)(FAKE_RAM_BASE >> 12);
	for (uint32_t i = 0; i < nr; i++, pfn += how & 4 ? 1 : how & 8 ? -1u : 3)
		memcpy(out + 4 * i, &pfn, 4);
	/* Statistics; or the end in the middle of one. */
	return queue >= 3 ? 0 : 4 * nr + (how >> 6);
}

static void start(void)
{
	const struct virtio_setup s = {
		.model = &virtio_balloon_model, .vm = "test", .name = "balloon0",
		.ram = &guest.ram.ram, .worker = &guest.worker, .slot = 5,
		.nr_queues = VIRTIO_BALLOON_QUEUES, .queues = queues, .segs = segs,
		.features = VIRTIO_BALLOON_FEATURES,
	};

	memset(&balloon, 0, sizeof(balloon));
	memset(queues, 0, sizeof(queues));
	virtio_init(&balloon.dev, &s);
	virtio_balloon_init(&balloon, &ops, &guest, 7);
	guest.dev = &balloon.dev;
	guest.request = request;
	guest.features = fuzz_below(&in, 4) ? UINT64_MAX : fuzz_below(&in, 256);
	fuzz_guest_start(&guest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_guest *const all[] = { &guest };

	in = (struct fuzz_in){ data, size };
	fuzz_guest_prepare(&guest, &in);
	start();
	for (int n = 0; n < 64 && fuzz_more(&in); n++) {
		uint32_t op = fuzz_below(&in, 16);

		if (op == 0)
			virtio_balloon_set(&balloon, (uint32_t)fuzz_edge(&in));
		else if (op == 1)
			virtio_balloon_ask(&balloon);
		else
			fuzz_guest_step(&guest);
		if (fuzz_below(&in, 4))
			fuzz_guests_run(all, 1);
	}
	fuzz_guest_stop(&guest);
	FUZZ_CHECK(!lent);
	return 0;
}
