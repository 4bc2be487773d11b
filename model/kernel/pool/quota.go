package pool

import (
	"math"
	"os"
	"path"
	"strconv"
	"strings"
)

// defaultThreads returns a thread for each processor that the Go scheduler uses. That follows the CPU quota of a Linux
// container, but never below two: two threads that share one processor's time wait for each other, so below that the
// quota itself counts.
func defaultThreads(processors int, root string) int {
	if processors > 2 {
		return processors
	}
	return int(min(float64(processors), math.Ceil(cpuQuota(root)))) // a quota is above 0
}

// cpuQuota returns how many processors' time the control groups of this process allow, infinity without a limit; see
// cgroups(7). The file system begins at root.
func cpuQuota(root string) float64 {
	quota := math.Inf(1)
	groups, _ := os.ReadFile(path.Join(root, "proc/self/cgroup"))
	for line := range strings.Lines(string(groups)) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":") // number:controllers:path
		controllers, group, _ := strings.Cut(rest, ":")
		base, read := "", versionTwo
		switch {
		case controllers == "":
			base = "sys/fs/cgroup"
		case strings.Contains(","+controllers+",", ",cpu,"):
			base, read = path.Join("sys/fs/cgroup", controllers), versionOne
		default:
			continue
		}
		// In a container the path may be that of the host, whose groups are not to be seen: then the root has the
		// limit.
		for ; ; group = path.Dir(group) {
			quota = min(quota, read(path.Join(root, base, group)))
			if group == "/" || group == "." {
				break
			}
		}
	}
	return quota
}

// versionTwo reads cpu.max: quota and period in microseconds, or "max" in place of the quota.
func versionTwo(dir string) float64 {
	text, _ := os.ReadFile(path.Join(dir, "cpu.max"))
	quota, period, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	return ratio(quota, period)
}

// versionOne reads the same from two files; a quota of -1 is no limit.
func versionOne(dir string) float64 {
	quota, _ := os.ReadFile(path.Join(dir, "cpu.cfs_quota_us"))
	period, _ := os.ReadFile(path.Join(dir, "cpu.cfs_period_us"))
	return ratio(strings.TrimSpace(string(quota)), strings.TrimSpace(string(period)))
}

// ratio is infinite unless both are numbers above 0.
func ratio(quota, period string) float64 {
	q, err := strconv.ParseFloat(quota, 64)
	p, err2 := strconv.ParseFloat(period, 64)
	if err != nil || err2 != nil || !(q > 0 && p > 0) {
		return math.Inf(1)
	}
	return q / p
}
