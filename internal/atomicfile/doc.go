// Package atomicfile is how files and folders outlive a process that is killed, a machine that stops and a disk that is
// full: locks that end with their holder, names that are on the disk, contents that change at once.
//
//	release, err := durable.Lock(ctx, filepath.Join(dir, ".name.t5train-lock"))
//	defer release()
//	err = durable.ReplaceFile(filepath.Join(dir, "name"), data)
package atomicfile
