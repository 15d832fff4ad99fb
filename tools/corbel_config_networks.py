# SPDX-License-Identifier: Apache-2.0
"""Networks, and the interfaces that VMs have in them: the checks of vm/config_net.c, with places
and remedies."""
import corbel_config_schema as schema

MAX_NETWORKS = 8
CAPTURE = range(4 << 10, (1 << 20) + 1)
MIN_RATE, MAX_BURST = 1 << 10, 16 << 20


class NetworkChecker:
    def __init__(self, system, errors):
        self.system, self.errors = system, errors

    def bad(self, item, wrong, right):
        self.errors.add(item.node, item.key, wrong, right)

    def networks(self):
        names, uplinks = set(), set()
        for network in self.system.networks:
            name, uplink, capture = network['name'], network['uplink'], network['capture']
            if name.value is not None and name.value in names:
                self.bad(name, f'another network is called {name.value}',
                         'give each network its own name')
            if uplink.value is not None and uplink.value in uplinks:
                self.bad(uplink, f'another network has interface {uplink.value}', 'use another')
            if capture.value and capture.value not in CAPTURE:
                self.bad(capture, f'{schema.show_size(capture.value)} is too much or too little',
                         'write "4K" or more, at most "1M"')
            names.add(name.value)
            uplinks.add(uplink.value)
        if len(self.system.networks) > MAX_NETWORKS:
            self.bad(self.system.networks[-1]['name'], f'{len(self.system.networks)} networks',
                     f'use at most {MAX_NETWORKS}')

    def place(self, net, seen):
        """Its network, and its address there."""
        name, mac = net['network'], net['mac']
        names = [n['name'].value for n in self.system.networks]
        if name.value is not None and name.value not in names:
            self.bad(name, f'there is no network {name.value}',
                     'networks: ' + ', '.join(names) if names else 'write a [[network]]')
        if mac.value is not None and (name.value, mac.value) in seen:
            self.bad(mac, f'another interface of network {name.value} has it', 'use another')
        seen.add((name.value, mac.value))

    def limits(self, net):
        size, rate, burst = net['queue_size'], net['rate'], net['burst']
        if size.value & size.value - 1:
            self.bad(size, f'{size.value} is not a power of two', 'use 16, 32, 64, 128 or 256')
        if burst.value and not rate.value:
            self.bad(burst, 'it is without a rate', 'give both or neither')
        if rate.value and rate.value < MIN_RATE:
            self.bad(rate, f'{rate.value} bytes a second is too little', 'use "1K" or more')
        if burst.value and burst.value > MAX_BURST:
            self.bad(burst, f'{schema.show_size(burst.value)} is too much', 'use at most "16M"')
        for key in ('check_arp', 'check_ipv4'):
            if net[key].value and net['ipv4'].value is None:
                self.bad(net[key], 'there is no address to check for', 'give its ipv4 address')

    def run(self):
        self.networks()
        seen = set()
        for vm in self.system.vms:
            for net in vm.lists['net']:
                self.place(net, seen)
                self.limits(net)
