/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a build may leave out, to be smaller: make OPTIONS='CONFIG_MANAGE=0 ...'. Code asks
 * with if (CONFIG_X), so all of it is compiled either way, and the linker drops what
 * nobody calls.
 */
#pragma once

#ifndef CONFIG_SHELL
#define CONFIG_SHELL 1       /* Corbel's own shell on the console                 */
#endif
#ifndef CONFIG_MANAGE
#define CONFIG_MANAGE 1      /* hypercalls of VMs that may manage others          */
#endif
#ifndef CONFIG_CHANNELS
#define CONFIG_CHANNELS 1    /* memory that VMs share, and doorbells              */
#endif
#ifndef CONFIG_PASSTHROUGH
#define CONFIG_PASSTHROUGH 1 /* devices of the board for VMs                      */
#endif
#ifndef CONFIG_TRACE
#define CONFIG_TRACE 1       /* rings of switches, exits and interrupts           */
#endif
#ifndef CONFIG_HOSTIO
#define CONFIG_HOSTIO 1      /* drivers for the board's own disks and networks    */
#endif
#ifndef CONFIG_HARDENING
#define CONFIG_HARDENING 1   /* landing pads, firmware's workarounds in exits, a
				counter that jumps is seen                        */
#endif
#ifndef CONFIG_FAST
#define CONFIG_FAST 1        /* short ways to switch vCPUs, compiled for speed    */
#endif
#ifndef CONFIG_DIRECT
#define CONFIG_DIRECT 1      /* interrupts = "direct"                             */
#endif
#ifndef CONFIG_VIRTIO
#define CONFIG_VIRTIO 1      /* virtio devices                                    */
#endif
