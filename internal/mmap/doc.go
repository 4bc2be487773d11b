// Package mmap maps files into memory for reading, so that only what is touched is read and several processes share it.
//
//	data, unmap, err := mmap.Map(file, size)
//	defer unmap()
//	err = mmap.Guard(func() error { return use(data) }) // a file that was cut short meanwhile is an error
//
// Where the system is no Unix, the file is read into memory instead.
package mmap
