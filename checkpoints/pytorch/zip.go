package pytorch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// A file of torch.save is a zip archive with the entries NAME/data.pkl, NAME/data/KEY for each storage, and some small
// ones. Entries are stored as they are, so tensors share the memory of the file. The directory is walked and not kept,
// so its size costs no memory.

var errZip = errors.New("the zip archive is damaged: copy or download the file again")

// readZip reads the weights of an archive.
func readZip(data []byte) (any, error) {
	var root, order string
	var pickle []byte
	err := eachEntry(data, func(name string, content func() ([]byte, error)) (err error) {
		folder, file, _ := strings.Cut(name, "/")
		switch file {
		case "data.pkl":
			root = folder
			pickle, err = content()
		case "byteorder":
			var raw []byte
			raw, err = content()
			order = string(raw[:min(len(raw), 16)])
		case "constants.pkl":
			err = errors.New("it is a program of TorchScript, not a file of weights")
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case pickle == nil:
		return nil, errors.New("it is a zip archive, but none that torch.save writes: it has no data.pkl")
	case order != "" && order != "little":
		return nil, fmt.Errorf("its byte order is %q, which is not supported", order)
	}
	found := storages{}
	m := machine{in: pickle, storage: found.of}
	weights, err := m.run()
	if err != nil {
		return nil, err
	}
	err = eachEntry(data, func(name string, content func() ([]byte, error)) (err error) {
		key, ok := strings.CutPrefix(name, root+"/data/")
		s := found[key]
		if !ok || s == nil {
			return nil
		}
		if s.data, err = content(); err == nil && len(s.data) != s.elements*s.dtype.Size() {
			err = fmt.Errorf("the entry %.80s has %d bytes, want %d", name, len(s.data), s.elements*s.dtype.Size())
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for key, s := range found {
		if s.data == nil {
			return nil, fmt.Errorf("the entry %.40s/data/%.40s is missing: copy or download the file again", root, key)
		}
	}
	return weights, nil
}

// part returns n bytes at an offset, nil where the data ends before.
func part(data []byte, at, n uint64) []byte {
	if at > uint64(len(data)) || n > uint64(len(data))-at {
		return nil
	}
	return data[at : at+n : at+n]
}

// eachEntry calls yield for the entries of the directory. The numbers are those of APPNOTE.TXT of PKWARE, 4.3.
func eachEntry(data []byte, yield func(name string, content func() ([]byte, error)) error) error {
	le := binary.LittleEndian
	entries, at, err := directory(data)
	if err != nil {
		return err
	}
	for range entries {
		head := part(data, at, 46)
		if head == nil || !bytes.HasPrefix(head, []byte("PK\x01\x02")) {
			return errZip
		}
		nameLength, extraLength := uint64(le.Uint16(head[28:])), uint64(le.Uint16(head[30:]))
		name, extra := part(data, at+46, nameLength), part(data, at+46+nameLength, extraLength)
		if name == nil || extra == nil {
			return errZip
		}
		content := func() ([]byte, error) {
			packed, size := uint64(le.Uint32(head[20:])), uint64(le.Uint32(head[24:]))
			offset := uint64(le.Uint32(head[42:]))
			zip64(extra, &size, &packed, &offset)
			local := part(data, offset, 30)
			if local == nil || !bytes.HasPrefix(local, []byte("PK\x03\x04")) {
				return nil, errZip
			}
			if method := le.Uint16(head[10:]); method != 0 || le.Uint16(head[8:])&1 != 0 || packed != size {
				return nil, fmt.Errorf("the entry %.80q is compressed or encrypted, which torch.save never does", name)
			}
			behind := 30 + uint64(le.Uint16(local[26:])) + uint64(le.Uint16(local[28:]))
			if content := part(data, offset+behind, size); content != nil {
				return content, nil
			}
			return nil, errZip
		}
		if err := yield(string(name), content); err != nil {
			return err
		}
		at += 46 + nameLength + extraLength + uint64(le.Uint16(head[32:]))
	}
	return nil
}

// directory finds the directory of an archive: the number of its entries, and its offset.
func directory(data []byte) (entries, at uint64, err error) {
	le := binary.LittleEndian
	const most = 22 + 1<<16 // with a comment
	tail := data[max(0, len(data)-most):]
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if i < 0 || len(tail)-i < 22 {
		return 0, 0, errZip
	}
	end := tail[i:]
	entries, at = uint64(le.Uint16(end[10:])), uint64(le.Uint32(end[16:]))
	if entries != 0xffff && at != 0xffffffff && le.Uint32(end[12:]) != 0xffffffff {
		return entries, at, nil
	}
	if i < 20 || !bytes.HasPrefix(tail[i-20:], []byte("PK\x06\x07")) {
		return entries, at, nil
	}
	large := part(data, le.Uint64(tail[i-20+8:]), 56)
	if large == nil || !bytes.HasPrefix(large, []byte("PK\x06\x06")) {
		return 0, 0, errZip
	}
	return le.Uint64(large[32:]), le.Uint64(large[48:]), nil
}

// zip64 replaces numbers that do not fit 32 bits by those of the extra field.
func zip64(extra []byte, numbers ...*uint64) {
	le := binary.LittleEndian
	for len(extra) >= 4 {
		id, field := le.Uint16(extra), part(extra, 4, uint64(le.Uint16(extra[2:])))
		if field == nil {
			return
		}
		extra = extra[4+len(field):]
		if id != 1 {
			continue
		}
		for _, n := range numbers {
			if *n == 0xffffffff && len(field) >= 8 {
				*n, field = le.Uint64(field), field[8:]
			}
		}
	}
}
