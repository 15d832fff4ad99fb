/* SPDX-License-Identifier: Apache-2.0 */
/* <arch/gic.h> on a host: the model in "tests/host/fake/gic.h". */
#pragma once

bool arch_gic_present(void);
bool arch_gic_one_state(void);
void arch_icc_init(bool group0);
uint32_t arch_icc_ack(void);
void arch_icc_eoi(uint32_t intid);
void arch_icc_dir(uint32_t intid);
void arch_icc_sgi1r(uint64_t v);
uint32_t arch_icc_ack0(void);
void arch_icc_eoi0(uint32_t intid);
void arch_icc_sgi0r(uint64_t v);
uint32_t arch_icc_pribits(void);
void arch_direct_begin(const struct direct_cpuif *c);
void arch_direct_end(struct direct_cpuif *c, unsigned int nr_aprs);
void arch_direct_pmr(uint32_t pmr);
uint32_t arch_direct_rpr(void);

uint64_t arch_ich_vtr(void);
uint64_t arch_ich_elrsr(void);
uint64_t arch_ich_misr(void);
uint64_t arch_ich_hcr_read(void);
void arch_ich_hcr_write(uint64_t v);
uint64_t arch_ich_vmcr_read(void);
void arch_ich_vmcr_write(uint64_t v);
uint64_t arch_ich_lr_read(unsigned int n);
void arch_ich_lr_write(unsigned int n, uint64_t v);
uint64_t arch_ich_ap0r_read(unsigned int n);
void arch_ich_ap0r_write(unsigned int n, uint64_t v);
uint64_t arch_ich_ap1r_read(unsigned int n);
void arch_ich_ap1r_write(unsigned int n, uint64_t v);
