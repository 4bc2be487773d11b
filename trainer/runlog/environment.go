package runlog

import (
	"bufio"
	"cmp"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"t5train/internal/sysinfo"
)

// Environment is where and by what a run is computed.
type Environment struct {
	Version   string `json:"version"`          // of t5train
	Commit    string `json:"commit,omitempty"` // of its source, with "+changes" where that was changed
	Go        string `json:"go"`
	OS        string `json:"os"`
	Processor string `json:"processor"`
	Kernels   string `json:"kernels"` // path of the matrix products
	Threads   int    `json:"threads"`
	MemoryMB  int    `json:"memory_mb,omitempty"` // of the machine
}

// Here returns the environment of this process, but for what it computes with.
func Here() Environment {
	e := Environment{Go: runtime.Version(), OS: osName() + ", " + runtime.GOARCH, Processor: processorName()}
	e.MemoryMB = sysinfo.MemoryMB()
	e.Version, e.Commit = Build()
	return e
}

// version is that of a release, which its build sets with -ldflags "-X .../runlog.version=v0.1.0".
var version string

// Build returns the version of t5train and the commit of its source, as Environment has them; "" where they are not
// known.
func Build() (release, commit string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version, ""
	}
	changed := ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				changed = "+changes"
			}
		}
	}
	if commit != "" {
		commit += changed
	}
	return cmp.Or(version, info.Main.Version), commit
}

func osName() string {
	if name := strings.Trim(field("/etc/os-release", "PRETTY_NAME"), `"`); name != "" {
		return name
	}
	return runtime.GOOS
}

func processorName() string {
	if name := field("/proc/cpuinfo", "model name"); name != "" {
		return name
	}
	return runtime.GOARCH
}

// field returns the value of the first line "name: value" or "name=value" of a file, "" if there is none: systems other
// than Linux have no such files.
func field(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if at := strings.IndexAny(lines.Text(), ":="); at > 0 && strings.TrimSpace(lines.Text()[:at]) == name {
			return strings.TrimSpace(lines.Text()[at+1:])
		}
	}
	return ""
}
