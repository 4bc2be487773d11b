package sysinfo

import (
	"bufio"
	"fmt"
	"os"
)

// MemoryMB returns the memory of the machine in MB of 2^20 bytes, 0 where that is not known.
func MemoryMB() int {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kilobytes int
		if _, err := fmt.Sscanf(lines.Text(), "MemTotal: %d kB", &kilobytes); err == nil {
			return kilobytes >> 10
		}
	}
	return 0
}

// CheckMemory reports what is to be allocated at once and is larger than the memory of the machine, or the limit of
// ulimit -v, where one is known: the operating system would end the process without a word. The error gives remedy.
func CheckMemory(bytes float64, remedy string) error {
	megabytes, limit := bytes/(1<<20), MemoryMB()
	if own := int(addressSpace() >> 20); own > 0 && (limit == 0 || own < limit) {
		limit = own
	}
	if limit == 0 || megabytes <= float64(limit) {
		return nil
	}
	return fmt.Errorf("it takes at least %.0f MB of memory, and this machine has %d MB: %s", megabytes, limit, remedy)
}
