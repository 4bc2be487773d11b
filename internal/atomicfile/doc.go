// Package atomicfile is how files and folders outlive a process that is killed, a machine that stops and a disk that is
// full: locks that end with their holder, names that are on the disk, contents that change at once.
//
//	err := atomicfile.ReplaceFile(filepath.Join(dir, "name"), data) // of a folder that is locked
//
// A [Slot] is one file or folder that anybody may write at any time, a [Stage] are files of a folder that are replaced
// together.
package atomicfile
