/* SPDX-License-Identifier: Apache-2.0 */
/* PL011 and PL031 of the virt machine. TRMs DDI 0183 and DDI 0224. */
#pragma once

#include <stdbool.h>

#define UART_BASE  0x09000000ul
#define UART_INTID 33
#define RTC_BASE   0x09010000ul
#define RTC_INTID  34

#define UARTDR     (UART_BASE + 0x000)
#define UARTRSR    (UART_BASE + 0x004)
#define UARTFR     (UART_BASE + 0x018)
#define UARTILPR   (UART_BASE + 0x020)
#define UARTIBRD   (UART_BASE + 0x024)
#define UARTFBRD   (UART_BASE + 0x028)
#define UARTLCR_H  (UART_BASE + 0x02c)
#define UARTCR     (UART_BASE + 0x030)
#define UARTIFLS   (UART_BASE + 0x034)
#define UARTIMSC   (UART_BASE + 0x038)
#define UARTRIS    (UART_BASE + 0x03c)
#define UARTMIS    (UART_BASE + 0x040)
#define UARTICR    (UART_BASE + 0x044)
#define UARTDMACR  (UART_BASE + 0x048)
#define UARTID     (UART_BASE + 0xfe0)

#define FR_BUSY    (1u << 3)
#define FR_RXFE    (1u << 4)
#define FR_TXFF    (1u << 5)
#define FR_RXFF    (1u << 6)
#define FR_TXFE    (1u << 7)

#define LCR_H_FEN  (1u << 4)
#define LCR_H_8BIT (3u << 5)
#define CR_UARTEN  (1u << 0)
#define CR_LBE     (1u << 7)
#define CR_TXE     (1u << 8)
#define CR_RXE     (1u << 9)

#define INT_RX     (1u << 4)
#define INT_TX     (1u << 5)
#define INT_RT     (1u << 6)
#define INT_OE     (1u << 10)

#define RTCDR      (RTC_BASE + 0x000)
#define RTCMR      (RTC_BASE + 0x004)
#define RTCLR      (RTC_BASE + 0x008)
#define RTCCR      (RTC_BASE + 0x00c)
#define RTCIMSC    (RTC_BASE + 0x010)
#define RTCRIS     (RTC_BASE + 0x014)
#define RTCMIS     (RTC_BASE + 0x018)
#define RTCICR     (RTC_BASE + 0x01c)
#define RTCID      (RTC_BASE + 0xfe0)

void uart_init(void);
void uart_putc(char c);

/* A character is there. */
bool uart_readable(void);

/* Waits for a character from the runner; -1 when none came in ms. */
int uart_getc(unsigned int ms);
