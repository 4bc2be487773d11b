package trainer

import (
	"fmt"

	"t5train/model"
	"t5train/trainer/runlog"
)

// CheckMemory reports what is to be allocated at once and is larger than the memory of the machine, or the limit of ulimit -v, where one is known:
// the operating system would end the process without a word.
func CheckMemory(bytes float64, remedy string) error {
	megabytes, there := bytes/(1<<20), runlog.MemoryMB()
	if own := int(addressSpace() >> 20); own > 0 && (there == 0 || own < there) {
		there = own
	}
	if there == 0 || megabytes <= float64(there) {
		return nil
	}
	return fmt.Errorf("it takes at least %.0f MB of memory, and this machine has %d MB: %s", megabytes, there, remedy)
}

// TrainedBytes is the least that a model takes in training: a weight and a gradient for each parameter.
func TrainedBytes(c model.Config) float64 { return 8 * float64(c.Parameters()) }
