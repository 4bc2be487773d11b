package pool

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDefaultThreads(t *testing.T) {
	for _, c := range []struct {
		name       string
		files      map[string]string
		processors int
		want       int
	}{
		{"no control groups", nil, 2, 2},
		{"one processor", nil, 1, 1},
		{"many, where Go knows the quota", map[string]string{"proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/cpu.max": "50000 100000\n"}, 8, 8},
		{"version 2", map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "100000 100000\n"}, 2,
			1},
		{"version 2, half", map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"},
			2, 1},
		{"version 2, one and a half", map[string]string{"proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/cpu.max": "150000 100000\n"}, 2, 2},
		{"version 2, no limit", map[string]string{"proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/cpu.max": "max 100000\n"}, 2, 2},
		{"version 2, limit of a parent", map[string]string{"proc/self/cgroup": "0::/a/b\n",
			"sys/fs/cgroup/a/cpu.max": "100000 100000\n", "sys/fs/cgroup/a/b/cpu.max": "max 100000\n"}, 2, 1},
		{"version 2, path of the host", map[string]string{"proc/self/cgroup": "0::/kubepods/pod7\n",
			"sys/fs/cgroup/cpu.max": "100000 100000\n"}, 2, 1},
		{"version 1", map[string]string{
			"proc/self/cgroup": "3:memory:/\n1:cpu,cpuacct:/docker\n",
			"sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us":  "100000\n",
			"sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us": "100000\n"}, 2, 1},
		{"version 1, no limit", map[string]string{
			"proc/self/cgroup": "1:cpu:/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
			"sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, 2, 2},
		{"not what it should be", map[string]string{"proc/self/cgroup": "::::\n\n", "sys/fs/cgroup/cpu.max": "much"}, 2,
			2},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			for name, text := range c.files {
				file := filepath.Join(root, name)
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got := defaultThreads(c.processors, root); got != c.want {
				t.Errorf("%d threads, want %d", got, c.want)
			}
		})
	}
}
