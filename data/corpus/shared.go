package corpus

import (
	"fmt"
	"os"

	"t5train/data/chunks"
	"t5train/data/parquetio"
	"t5train/internal/ui"
)

// UsedFile is a file that a run reads.
type UsedFile struct {
	path, key string // where it is, and the key of the configuration that names it
	digest    string // of its content; "" where that was not read for one
}

// FilesOf lists the files of a data set. digests, in the same order, may be nil.
func FilesOf(set *parquetio.Dataset, key string, digests []chunks.File) []UsedFile {
	var files []UsedFile
	for i, f := range set.Files() {
		file := UsedFile{path: f.Path, key: key}
		if digests != nil {
			file.digest = digests[i].SHA256
		}
		files = append(files, file)
	}
	return files
}

// WarnShared says which held-out files are trained on too: the same ones, or others of the same content.
func WarnShared(sink ui.Sink, train, heldOut []UsedFile) {
	const most = 3 // files that are named
	var lines []string
	for _, h := range heldOut {
		for _, t := range train {
			if !h.same(t) {
				continue
			}
			as := ""
			if h.path != t.path {
				as = ", as " + t.path
			}
			lines = append(lines, fmt.Sprintf("%s of %s is in %s too%s", h.path, h.key, t.key, as))
			break
		}
	}
	if len(lines) == 0 {
		return
	}
	ui.Say(sink, ui.Warning, "evaluations will say too much, for they read what is trained on: take it out of one of "+
		"them")
	for _, line := range lines[:min(len(lines), most)] {
		ui.Detail(sink, "", "%s", line)
	}
	if more := len(lines) - most; more > 0 {
		ui.Detail(sink, "", "and %d more files", more)
	}
}

func (f UsedFile) same(other UsedFile) bool {
	if f.digest != "" && f.digest == other.digest {
		return true
	}
	if f.path == other.path {
		return true
	}
	a, err := os.Stat(f.path)
	if err != nil {
		return false
	}
	b, err := os.Stat(other.path)
	return err == nil && os.SameFile(a, b)
}
