// Command release builds what is published of a version, into the folder dist:
//
//	go run ./.ci/release -version v0.1.0
//	go run ./.ci/release -version v0.1.0 -targets linux/amd64,linux/amd64/mpi,darwin/arm64
//
// A target gets an archive (zip for Windows, else tar.gz) with the static binary, LICENSE, NOTICE and the licences of
// all modules in it, and a list of these modules in CycloneDX. SHA256SUMS has the checksums. The same source and the
// same Go give the same bytes. Targets that end in /mpi have t5train-mpi, the binary for ranks, which loads the MPI
// library of the machine: it is not static.
package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

const allTargets = "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64," +
	"linux/amd64/mpi,linux/arm64/mpi"

func main() {
	version := flag.String("version", "", "the `version`, such as v0.1.0")
	targets := flag.String("targets", allTargets, "operating systems and processors")
	output := flag.String("output", "dist", "an empty or new `folder`")
	flag.Parse()
	if err := run(*version, strings.Split(*targets, ","), *output); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

var versions = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)

func run(version string, targets []string, output string) error {
	if !versions.MatchString(version) {
		return fmt.Errorf("-version is %q: want one such as v0.1.0", version)
	}
	if err := os.MkdirAll(output, 0o777); err != nil {
		return err
	}
	if there, err := os.ReadDir(output); err != nil || len(there) > 0 {
		return errors.Join(err, fmt.Errorf("%s is not empty: remove it, or choose another -output", output))
	}
	var sums strings.Builder
	for _, target := range targets {
		files, err := build(version, target, output)
		if err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), filepath.Base(file))
			fmt.Printf("%s, %.1f MB\n", file, float64(len(content))/1e6)
		}
	}
	return os.WriteFile(filepath.Join(output, "SHA256SUMS"), []byte(sums.String()), 0o666)
}

// build writes the archive of a target and the list of its modules.
func build(version, target, output string) (files []string, err error) {
	command, tags := "t5train", ""
	of, found := strings.CutSuffix(target, "/mpi")
	if found {
		command, tags = "t5train-mpi", "mpi"
	}
	system, processor, found := strings.Cut(of, "/")
	if !found {
		return nil, errors.New("want an operating system and a processor, such as linux/amd64, and /mpi for ranks")
	}
	work, err := os.MkdirTemp("", "release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	binary := filepath.Join(work, command)
	if system == "windows" {
		binary += ".exe"
	}
	module, err := commandOutput("go", "list", "-m")
	if err != nil {
		return nil, err
	}
	stamp := fmt.Sprintf("-s -w -X %s/trainer/runlog.version=%s", module, version)
	compile := exec.Command("go", "build", "-trimpath", "-tags", tags, "-ldflags", stamp, "-o", binary, "./cmd/t5train")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+processor)
	compile.Stderr = os.Stderr
	if err := compile.Run(); err != nil {
		return nil, fmt.Errorf("go build: %w", err)
	}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	licences, err := licences(info)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s_%s_%s_%s", command, version, system, processor)
	entries := []entry{{filepath.Base(binary), 0o755, nil}, {"LICENSE", 0o644, nil}, {"NOTICE", 0o644, nil},
		{"THIRD_PARTY_LICENSES", 0o644, licences}}
	for i, from := range []string{binary, "LICENSE", "NOTICE"} {
		if entries[i].content, err = os.ReadFile(from); err != nil {
			return nil, err
		}
	}
	archive, pack := filepath.Join(output, name+".tar.gz"), packTar
	if system == "windows" {
		archive, pack = filepath.Join(output, name+".zip"), packZip
	}
	packed, err := pack(name, entries)
	if err != nil {
		return nil, err
	}
	list, err := modules(info, version)
	if err != nil {
		return nil, err
	}
	files = []string{archive, filepath.Join(output, name+".cdx.json")}
	return files, errors.Join(os.WriteFile(files[0], packed, 0o666), os.WriteFile(files[1], list, 0o666))
}

// commandOutput returns what a command prints, without the end of the line.
func commandOutput(name string, args ...string) (string, error) {
	command := exec.Command(name, args...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(command.Args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
