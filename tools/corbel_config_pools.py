# SPDX-License-Identifier: Apache-2.0
"""Pools, and what VMs ask of them: the checks of vm/config_pools.c and vm/config_sums.c,
with places and remedies. The sums are made in the same way, so that what fits here
fits there."""
import corbel_config_schema as schema

ALL_PPM = 1000000


def cpus_of(mask):
    return [n for n in range(schema.MAX_PCPUS) if mask >> n & 1]


def percent(ppm):
    return f'{ppm // 10000}.{ppm % 10000:04} %'


class PoolChecker:
    def __init__(self, system, board, errors):
        self.system, self.board, self.errors = system, board, errors
        self.pools = system.pools[1:]
        self.good = []             # VMs that are right so far
        self.ppm = {n: 0 for n in range(schema.MAX_PCPUS)}
        self.owner = {}            # pinned: CPU -> (VM, vCPU)

    def bad(self, item, wrong, right):
        self.errors.add(item.node, item.key, wrong, right)

    # --- pools

    def names(self):
        seen = {'default'}
        for pool in self.pools:
            name = pool.value('name')
            if name == 'default':
                self.bad(pool['name'], 'default is the pool of all other CPUs', 'use another name')
            elif name in seen:
                self.bad(pool['name'], f'another pool is called {name}',
                         'give each pool its own name')
            seen.add(name)
        if len(self.pools) >= schema.MAX_POOLS:
            self.bad(self.pools[-1]['name'], f'{len(self.pools)} pools',
                     f'use at most {schema.MAX_POOLS - 1}')

    def cpus(self, pool, earlier):
        item, policy = pool['cpus'], pool.value('policy')
        if self.board.cpus and item.value >> self.board.cpus:
            self.bad(item, f'the board has no CPU {item.value.bit_length() - 1}',
                     f'use CPUs 0 to {self.board.cpus - 1}')
        house = self.system.items['housekeeping'].value
        if policy in schema.EXCLUSIVE and item.value >> house & 1:
            self.bad(item, f'CPU {house} does the housekeeping, so no {policy} pool can have it',
                     'leave it out or set housekeeping to another')
        for other in earlier:
            for cpu in cpus_of(item.value & other.value('cpus')):
                self.bad(item, f'CPU {cpu} is in pool {other.value("name")}',
                         'leave it out of one of them')

    def frame(self, pool):
        frame, policy = pool['major_frame'], pool.value('policy')
        if policy != 'partition':
            for item in [frame] * frame.given + [w['vm'] for w in pool.windows[:1]]:
                self.bad(item, f'policy {policy} does not read it',
                         'leave it out or write policy = "partition"')
        elif not frame.given:
            self.bad(pool['policy'], 'partition needs a major frame',
                     'write major_frame = "10ms"')
        elif not pool.windows:
            self.bad(pool['policy'], 'partition needs windows',
                     'write windows = [{ vm = "a", duration = "1ms" }]')
        else:
            self.windows(pool, frame.value)

    def windows(self, pool, frame):
        end = 0
        names = {vm.value('name'): vm for vm in self.system.vms}
        if len(pool.windows) > schema.MAX_WINDOWS:
            self.bad(pool.windows[-1]['vm'], f'{len(pool.windows)} windows',
                     f'use at most {schema.MAX_WINDOWS}')
        for w in sorted(pool.windows, key=lambda w: w['start'].value):
            start, name = w['start'].value, w['vm'].value
            if start < end:
                self.bad(w['start'], f'at {start} us the one before it runs until {end} us',
                         'let it start later')
            end = start + w['duration'].value
            if end > frame:
                self.bad(w['duration'], f'it ends at {end} us, the frame at {frame} us',
                         'make it shorter or the frame longer')
            if name not in names:
                self.bad(w['vm'], f'there is no VM {name}', 'name one of this pool')
            elif names[name].pool is not pool:
                self.bad(w['vm'], f'VM {name} is in another pool',
                         f'write pool = "{pool.value("name")}" in it')

    # --- one VM

    def idle(self, vm):
        for key in schema.VM:
            item = vm[key.name]
            why = item.given and vm.idle(key)
            if why:
                self.bad(item, why, 'leave it out')

    def numbers(self, vm):
        budget, period = vm['budget'], vm['period']
        if budget.given and period.given and budget.value > period.value:
            self.bad(budget, f'{budget.value} us is more than the period, {period.value} us',
                     'make it shorter')
        if vm.value('cap') and vm.value('cap') < vm.value('reservation'):
            self.bad(vm['cap'], f'{vm.value("cap")} is below the reservation, '
                     f'{vm.value("reservation")}', 'raise it or lower the reservation')

    def within(self, vm):
        """Its CPUs are CPUs of its pool, and the pool has something for it."""
        pool, taken = vm.pool, 0
        for other in self.pools:
            taken |= other.value('cpus')
        mask = pool.value('cpus')
        if mask is None:
            mask = (1 << (self.board.cpus or schema.MAX_PCPUS)) - 1 & ~taken
        if not mask:
            self.bad(vm['pool'], 'all CPUs are in other pools', 'name one of these')
            return
        for cpu in cpus_of(self.union(vm) & ~mask):
            if not self.board.cpus or cpu < self.board.cpus:
                self.bad(vm['cpus'], f'CPU {cpu} is not in pool {pool.value("name")}',
                         f'use CPUs of {cpus_of(mask)}')
        if pool.value('policy') == 'partition' and pool.windows and \
                vm.value('name') not in [w['vm'].value for w in pool.windows]:
            self.bad(vm['pool'], f'{pool.value("name")} has no window for VM {vm.value("name")}',
                     'give it one')

    @staticmethod
    def union(vm):
        mask = 0
        for m in vm.value('cpus'):
            mask |= m
        return mask

    # --- sums

    @staticmethod
    def allowed(vm, vcpu):
        masks = vm.value('cpus')
        return cpus_of(masks[vcpu if len(masks) > 1 else 0] or vm.pool.value('cpus'))

    def seat(self, vm, vcpu, tried):
        """A CPU for a pinned vCPU, if need be by moving others."""
        for cpu in sorted(self.allowed(vm, vcpu), key=lambda cpu: cpu in self.owner):
            if cpu in tried:
                continue
            tried.add(cpu)
            if cpu not in self.owner or self.seat(*self.owner[cpu], tried):
                self.owner[cpu] = (vm, vcpu)
                return True
        return False

    def pinned(self, vm):
        for vcpu in range(vm.value('vcpus')):
            if not self.seat(vm, vcpu, set()):
                item = next((vm[k] for k in ('cpus', 'vcpus') if vm[k].given), vm['pool'])
                self.bad(item, f'no CPU is left for vCPU {vcpu} alone in pool '
                         f'{vm.value("pool")}, which has {len(cpus_of(vm.pool.value("cpus")))}',
                         'give the pool more CPUs or the VM fewer vCPUs')
                return

    def direct(self, vm):
        if vm.value('interrupts') == 'direct' and vm.pool.value('cpus') & 1:
            self.bad(vm['interrupts'], f'CPU 0 takes the board\'s interrupts, and pool '
                     f'{vm.value("pool")} has it',
                     'leave it out of the pool or write interrupts = "virtual"')

    def shares(self, vm, ppm, item):
        for vcpu in range(vm.value('vcpus') if ppm else 0):
            best = min(self.allowed(vm, vcpu), key=lambda cpu: self.ppm[cpu])
            if self.ppm[best] + ppm > ALL_PPM:
                self.bad(item, f'vCPU {vcpu} asks for {percent(ppm)} of a CPU, CPU {best} has '
                         f'{percent(ALL_PPM - self.ppm[best])} left', 'ask for less')
                return
            self.ppm[best] += ppm

    def admit(self, vm):
        policy = vm.pool.value('policy')
        if policy == 'pinned':
            self.pinned(vm)
            self.direct(vm)
        elif policy == 'edf' and vm.has('budget'):
            self.shares(vm, -(-vm.value('budget') * ALL_PPM // vm.value('period')), vm['budget'])
        elif policy == 'fair':
            self.shares(vm, vm.value('reservation') * (ALL_PPM // 100), vm['reservation'])

    # --- all

    def house(self):
        item = self.system.items['housekeeping']
        if self.board.cpus and item.value >= self.board.cpus:
            self.bad(item, f'the board has no CPU {item.value}',
                     f'use one of 0 to {self.board.cpus - 1}')

    def run(self):
        self.house()
        self.names()
        for i, pool in enumerate(self.pools):
            self.cpus(pool, self.pools[:i])
            self.frame(pool)
        for vm in self.system.vms:
            self.idle(vm)
            self.numbers(vm)
            self.within(vm)
        if not self.errors.lines:
            for vm in self.system.vms:
                self.admit(vm)
