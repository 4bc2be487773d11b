package allreduce

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// processors names the set of processors that this process may use.
func processors() string {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return ""
	}
	return fmt.Sprint(set)
}
