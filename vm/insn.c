/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/insn.h"

#include "core/lib/bits.h"

/* Fields that all loads and stores of one or two registers share. */
#define INSN_RT        BITS(4, 0)
#define INSN_RN        BITS(9, 5)
#define INSN_VECTOR    BIT(26)

/* "Load/store register", with an immediate. */
#define LDST_CLASS     (BITS(29, 27) | INSN_VECTOR)
#define LDST_IS        BITS_VAL(BITS(29, 27), 7)
#define LDST_SIZE      BITS(31, 30)
#define LDST_OPC       BITS(23, 22)
#define LDST_UIMM      BIT(24)           /* unsigned, scaled immediate         */
#define LDST_IMM12     BITS(21, 10)
#define LDST_MODE      (BITS(25, 24) | BIT(21) | BITS(11, 10))
#define LDST_UNSCALED  UINT64_C(0)
#define LDST_POST      BITS_VAL(BITS(11, 10), 1)
#define LDST_PRE       BITS_VAL(BITS(11, 10), 3)
#define LDST_IMM9      BITS(20, 12)
#define OPC_STORE      0
#define OPC_LOAD       1
#define OPC_LOADS_X    2                 /* sign-extend to 64 bits             */

/* "Load/store register pair" and "no-allocate pair". */
#define PAIR_CLASS     (BITS(29, 27) | INSN_VECTOR | BIT(25))
#define PAIR_IS        BITS_VAL(BITS(29, 27), 5)
#define PAIR_OPC       BITS(31, 30)
#define PAIR_MODE      BITS(24, 23)      /* 0 no-allocate, 1 post, 2 offset, 3 pre */
#define PAIR_POST      1
#define PAIR_PRE       3
#define PAIR_LOAD      BIT(22)
#define PAIR_IMM7      BITS(21, 15)
#define PAIR_RT2       BITS(14, 10)
#define PAIR_W         0
#define PAIR_SW        1                 /* LDPSW; the store is another instruction */
#define PAIR_X         2

static int32_t signed_field(uint64_t mask, uint32_t op)
{
	unsigned int width = (unsigned int)bits_count(mask);
	uint32_t v = (uint32_t)bits_get(mask, op);

	return (int32_t)(v << (32 - width)) >> (32 - width);
}

static bool single_address(uint32_t op, struct insn *out)
{
	uint32_t mode = op & (uint32_t)LDST_MODE;
	int32_t imm9 = signed_field(LDST_IMM9, op);

	if ((op & BITS(25, 24)) == LDST_UIMM)
		out->offset = (int32_t)(bits_get(LDST_IMM12, op) << bits_get(LDST_SIZE, op));
	else if (mode == LDST_POST)
		out->step = imm9;
	else if (mode == LDST_PRE)
		out->offset = out->step = imm9;
	else if (mode == LDST_UNSCALED)
		out->offset = imm9;
	else
		return false;
	out->writeback = mode == LDST_POST || mode == LDST_PRE;
	return true;
}

static bool decode_single(uint32_t op, struct insn *out)
{
	uint32_t size = (uint32_t)bits_get(LDST_SIZE, op);
	uint32_t opc = (uint32_t)bits_get(LDST_OPC, op);
	struct insn_access *a = &out->access[0];

	/* No sign extension of 64 bits, nor of 32 to 32: prefetch or unallocated. */
	if (opc >= OPC_LOADS_X && size + opc > 4)
		return false;
	if (!single_address(op, out))
		return false;
	out->nr = 1;
	a->rt = (uint8_t)bits_get(INSN_RT, op);
	a->size = (uint8_t)(1u << size);
	a->is_write = opc == OPC_STORE;
	a->sign_extend = opc >= OPC_LOADS_X;
	a->wide = opc == OPC_LOADS_X || (opc < OPC_LOADS_X && size == 3);
	return !(out->writeback && a->rt == out->rn);
}

static bool decode_pair(uint32_t op, struct insn *out)
{
	uint32_t opc = (uint32_t)bits_get(PAIR_OPC, op);
	uint32_t mode = (uint32_t)bits_get(PAIR_MODE, op);
	bool load = op & PAIR_LOAD;
	int32_t imm;

	if (opc > PAIR_X || (opc == PAIR_SW && (!load || mode == 0)))
		return false;
	out->nr = 2;
	out->access[0] = (struct insn_access){
		.rt = (uint8_t)bits_get(INSN_RT, op), .size = opc == PAIR_X ? 8 : 4,
		.is_write = !load, .sign_extend = opc == PAIR_SW, .wide = opc != PAIR_W,
	};
	out->access[1] = out->access[0];
	out->access[1].rt = (uint8_t)bits_get(PAIR_RT2, op);

	imm = signed_field(PAIR_IMM7, op) * out->access[0].size;
	out->writeback = mode == PAIR_POST || mode == PAIR_PRE;
	out->step = out->writeback ? imm : 0;
	out->offset = mode == PAIR_POST ? 0 : imm;
	if (out->writeback && (out->access[0].rt == out->rn || out->access[1].rt == out->rn))
		return false;
	return !(load && out->access[0].rt == out->access[1].rt);
}

bool insn_decode(uint32_t op, struct insn *out)
{
	*out = (struct insn){ .rn = (uint8_t)bits_get(INSN_RN, op) };
	if ((op & LDST_CLASS) == LDST_IS)
		return decode_single(op, out);
	if ((op & PAIR_CLASS) == PAIR_IS)
		return decode_pair(op, out);
	return false;
}
