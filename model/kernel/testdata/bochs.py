#!/usr/bin/env python3
"""Runs the AVX-512 kernels of this package on an emulated processor, for machines that have none.

    pip install bochscpu-python==0.4.0 numpy          (Python 3.11, x86-64 Linux; needs cc)
    go test -c -o kernel.test ./model/kernel
    python3 model/kernel/testdata/bochs.py kernel.test

Bochs (bochs.sourceforge.io) knows AVX-512 and AVX512-BF16. This script takes the machine code of the kernels from the
binary as it is, calls them in an emulated Sapphire Rapids with odd sizes, subnormal numbers, infinities and NaN, and
compares the results with numpy, bit by bit. It is no part of the tests.
"""
import ctypes, os, random, struct, subprocess, sys, tempfile

# The package emulates an older processor unless its choice is replaced; it may also ask for a younger C library.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
unsigned long long __isoc23_strtoull(const char *s, char **e, int b) { return strtoull(s, e, b); }
unsigned long __isoc23_strtoul(const char *s, char **e, int b) { return strtoul(s, e, b); }
long long __isoc23_strtoll(const char *s, char **e, int b) { return strtoll(s, e, b); }
long __isoc23_strtol(const char *s, char **e, int b) { return strtol(s, e, b); }
int __isoc23_sscanf(const char *s, const char *f, ...) {
  va_list a; va_start(a, f); int r = vsscanf(s, f, a); va_end(a); return r;
}
int __isoc23_fscanf(FILE *s, const char *f, ...) {
  va_list a; va_start(a, f); int r = vfscanf(s, f, a); va_end(a); return r;
}
void *_Z23create_corei3_cnl_cpuidP8BX_CPU_C(void *cpu) {
  void *library = dlopen(getenv("BOCHS_LIBRARY"), RTLD_NOLOAD | RTLD_NOW);
  return ((void *(*)(void *))dlsym(library, "_Z28create_sapphire_rapids_cpuidP8BX_CPU_C"))(cpu);
}
"""
if "BOCHS_LIBRARY" not in os.environ:
    import glob, importlib.util
    folder = importlib.util.find_spec("bochscpu").submodule_search_locations[0]
    shim = os.path.join(tempfile.mkdtemp(), "shim.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-w", "-x", "c", "-o", shim, "-", "-ldl"], input=SHIM.encode(), check=True)
    os.environ["BOCHS_LIBRARY"] = glob.glob(folder + "/_bochscpu*.so")[0]
    os.environ["LD_PRELOAD"] = shim
    os.execv(sys.executable, [sys.executable] + sys.argv)

import bochscpu, bochscpu.cpu, bochscpu.memory as memory
import numpy as np

PAGE, TABLES, STACK, DATA, END = 4096, 0x1000, 0x30000000, 0x31000000, 0x2ffff000


class Machine:
    """Long mode with the first gigabyte mapped to itself, the binary at its addresses, and room for data."""

    def __init__(self, binary):
        self.pages = {}
        self.binary = open(binary, "rb").read()
        self.segments = []
        offset, = struct.unpack_from("<Q", self.binary, 32)
        size, count = struct.unpack_from("<HH", self.binary, 54)
        for i in range(count):
            kind, _, at, address, _, length, _, _ = struct.unpack_from("<IIQQQQQQ", self.binary, offset + i * size)
            if kind == 1:
                self.segments.append((address, at, length))
        symbols = subprocess.run(["go", "tool", "nm", binary], capture_output=True, text=True, check=True).stdout
        self.symbols = {}
        for line in symbols.splitlines():
            words = line.split()
            if len(words) >= 3 and words[1] in "tT":
                self.symbols[words[2]] = int(words[0], 16)
        self.write(TABLES, struct.pack("<Q", TABLES + PAGE | 7))
        self.write(TABLES + PAGE, struct.pack("<Q", TABLES + 2 * PAGE | 7))
        self.write(TABLES + 2 * PAGE, b"".join(struct.pack("<Q", i << 21 | 0x87) for i in range(512)))
        self.write(END, b"\xf4" * 16)
        self.session = bochscpu.Session()
        self.session.missing_page_handler = self.page
        self.hook = bochscpu.Hook()
        self.hook.exception = self.exception
        self.state = self.start()

    def start(self):
        s = bochscpu.State()
        bochscpu.cpu.set_long_mode(s)
        s.cr4 |= 1 << 9 | 1 << 10 | 1 << 18  # SSE and XSAVE
        s.xcr0, s.cr3, s.mxcsr = 0xe7, TABLES, 0x1f80
        code, data = bochscpu.Segment(), bochscpu.Segment()
        flags = bochscpu.cpu.SegmentFlags()
        flags.A = flags.R = flags.E = flags.S = flags.P = flags.L = True
        code.base, code.limit, code.selector, code.present, code.attr = 0, 0xffffffff, 0x33, True, int(flags)
        flags = bochscpu.cpu.SegmentFlags()
        flags.A = flags.W = flags.S = flags.P = flags.DB = flags.G = True
        data.base, data.limit, data.selector, data.present, data.attr = 0, 0xffffffff, 0x2b, True, int(flags)
        s.cs = code
        s.ds = s.es = s.ss = s.fs = s.gs = data
        return s

    def page(self, address):
        address &= -PAGE
        if address in self.pages:
            return self.pages[address]
        host = memory.allocate_host_page()
        ctypes.memset(host, 0, PAGE)
        for begin, at, length in self.segments:
            low, high = max(begin, address), min(begin + length, address + PAGE)
            if low < high:
                ctypes.memmove(host + low - address, self.binary[at + low - begin:at + high - begin], high - low)
        memory.page_insert(address, host)
        self.pages[address] = host
        return host

    def write(self, address, data):
        while data:
            n = min(len(data), PAGE - address % PAGE)
            ctypes.memmove(self.page(address) + address % PAGE, data[:n], n)
            address, data = address + n, data[n:]

    def read(self, address, size):
        out = b""
        while size:
            n = min(size, PAGE - address % PAGE)
            out += ctypes.string_at(self.page(address) + address % PAGE, n)
            address, size = address + n, size - n
        return out

    def exception(self, session, _, vector, __):
        self.stopped = (vector, session.cpu.rip)
        session.stop()

    def call(self, name, *arguments):
        """Calls a function of Go's assembly with 8-byte arguments, arrays of which are passed by address; a tuple is
        a slice. The arrays then hold what the function left in them."""
        words, arrays, at = [], [], DATA
        for a in arguments:
            x = a[0] if isinstance(a, tuple) else a
            if isinstance(x, np.ndarray):
                at = (at + 4 * PAGE) & -PAGE
                place = at + PAGE - x.nbytes % PAGE  # the array ends where a page ends
                self.write(place, x.tobytes())
                arrays.append((place, x))
                at = place + x.nbytes
                words.append(place)
                if isinstance(a, tuple):
                    words += [x.size, x.size]
            else:
                words.append(a)
        self.write(STACK, struct.pack("<Q", END) + b"".join(struct.pack("<q", w) for w in words) + bytes(64))
        s = self.state
        s.rip, s.rsp = self.symbols["t5train/model/kernel." + name + ".abi0"], STACK
        self.session.cpu.state = s
        self.stopped = None
        self.session.run([self.hook])
        if self.stopped is None or self.stopped[0] != 13 or abs(self.stopped[1] - END) > 2:  # HLT needs privileges
            raise SystemExit(f"{name}: exception {self.stopped}")
        for place, x in arrays:
            x.flat[:] = np.frombuffer(self.read(place, x.nbytes), x.dtype)


def flushed(x):
    bits = x.view(np.uint32)
    return np.where(bits & 0x7f800000, bits, bits & 1 << 31).astype(np.uint32).view(np.float32)


def fma(total, a, b, flush):
    """total + a*b in float32, rounded once: through float64 by rounding to odd."""
    if flush:
        total, a, b = flushed(total), flushed(a), flushed(b)
    product, c = a.astype(np.float64) * b.astype(np.float64), total.astype(np.float64)
    s = product + c
    part = s - product
    rest = (product - (s - part)) + (c - part)
    bits = s.view(np.int64)
    step = np.where((rest > 0) == (s > 0), 1, -1)
    odd = np.where((rest != 0) & np.isfinite(s) & (bits & 1 == 0), bits + step, bits).view(np.float64)
    r = odd.astype(np.float32)
    return flushed(r) if flush else r


def rounded(x):
    bits = x.view(np.uint32).astype(np.uint64)
    r = (bits + 0x7fff + (bits >> 16 & 1)) >> 16
    r = np.where(np.isnan(x), bits >> 16 | 0x40, r)
    r = np.where(bits & 0x7f800000 == 0, bits >> 16 & 0x8000, r)
    return r.astype(np.uint16)


def widened(h):
    return (h.astype(np.uint32) << 16).view(np.float32)


SPECIAL = np.array([0, -0.0, 1e-40, -1e-41, 1.2e-38, np.inf, -np.inf, np.nan, 3.4e38, -3.39e38, 1 + 1 / 256, 1 + 3 / 256],
                   np.float32)
random.seed(1)
generator = np.random.default_rng(1)


def numbers(shape, special):
    x = generator.standard_normal(shape).astype(np.float32)
    x *= np.exp2(generator.integers(-20, 20, shape)).astype(np.float32)
    if special == "tiny":
        x *= np.float32(2.0 ** -65)
    if special == "all":
        where = generator.random(shape) < 0.1
        x[where] = generator.choice(SPECIAL, shape)[where]
    return x


def compare(what, got, want):
    same = (got.view(np.uint32) == want.view(np.uint32)) | (np.isnan(got) & np.isnan(want))
    if not same.all():
        at = tuple(np.argwhere(~same)[0])
        raise SystemExit(f"{what}: {(~same).sum()} of {same.size} differ, first {at}: {got[at]} for {want[at]}")


def product(machine, name, rows, cols, k, accumulate, special, pairs):
    a, b, c = numbers((k, rows), special), numbers((k, 32), special), numbers((rows, cols), special)
    want = np.zeros((rows, cols), np.float32)
    if pairs:
        halves = rounded(numbers((2, k, rows), special)), rounded(numbers((2, k, 32), special))
        a, b = ((h[1].astype(np.uint32) << 16 | h[0]).view(np.float32) for h in halves)
        terms = [(widened(halves[0][i, p]), widened(halves[1][i, p])) for p in range(k) for i in (1, 0)]
    else:
        terms = [(a[p], b[p]) for p in range(k)]
    with np.errstate(all="ignore"):
        for x, y in terms:
            want = fma(want, np.repeat(x[:, None], cols, 1), np.repeat(y[None, :cols], rows, 0), pairs)
        if accumulate:
            want = want + c
    machine.call(f"{name}x{rows}", k, np.ascontiguousarray(a), 4, 4 * rows, np.ascontiguousarray(b), 128, c, 4 * cols,
                 (1 << cols) - 1 | accumulate << 32)  # the last two share a word
    compare(f"{name}x{rows} cols={cols} k={k} accumulate={accumulate} {special}", c, want)


def main():
    machine = Machine(sys.argv[1])
    done = {}
    for rows in range(1, 15):
        for special in ("none", "tiny", "all"):
            for accumulate in (False, True):
                for cols, k in ((32, random.randint(1, 40)), (random.randint(1, 31), random.randint(1, 40)), (1, 1)):
                    product(machine, "gemmPairs512", rows, cols, k, accumulate, special, True)
                    product(machine, "gemm512", rows, cols, k, accumulate, special, False)
                    done["tiles"] = done.get("tiles", 0) + 2
    for blocks in (1, 2, 3, 7):
        for special in ("none", "tiny", "all"):
            x = numbers(32 * blocks, special)
            words = np.zeros(16 * blocks, np.float32)
            machine.call("narrowPairs512", words, x, blocks)
            compare("narrowPairs512", words, rounded(x).view(np.float32))
            low, high = numbers(16 * blocks, special), numbers(16 * blocks, special)
            machine.call("interleavePairs512", words, low, high, blocks)
            want = (rounded(high).astype(np.uint32) << 16 | rounded(low)).view(np.float32)
            compare("interleavePairs512", words, want)
            for n in (1, 15, 16, 17, 31, 50, 100):
                x = numbers(n, special)
                want = widened(rounded(x))
                machine.call("round512", (x,))
                compare(f"round512 of {n}", x, want)
            x, y = numbers((16, 16 * blocks), special), np.zeros((16 * blocks, 16), np.float32)
            machine.call("transpose512", y, 64, x, 64 * blocks, blocks)
            compare("transpose512", y, np.ascontiguousarray(x.T))
            done["packing"] = done.get("packing", 0) + 10
    print("the same bits:", ", ".join(f"{n} {what}" for what, n in done.items()))
    sys.stdout.flush()
    os._exit(0)  # the package does not end in order


main()
