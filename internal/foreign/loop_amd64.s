//go:build linux

#include "go_asm.h"
#include "textflag.h"

// func code() (entry, loop *[codeBytes]byte)
TEXT ·code(SB), NOSPLIT, $0-16
	MOVQ $entry<>(SB), AX
	MOVQ AX, entry+0(FP)
	MOVQ $loop<>(SB), AX
	MOVQ AX, loop+8(FP)
	RET

// entry is where the kernel and the dynamic loader begin the companion: it hands over to the C library, which calls loop.
// Like loop it is copied to a place of its own, and refers to fixed addresses only.
//
//	__libc_start_main(loop, argc, argv, 0, 0, rtld_fini, stack_end)
TEXT entry<>(SB), NOSPLIT|NOFRAME, $0
	MOVQ DX, R9             // the loader's function to call at the end
	MOVQ 0(SP), SI          // argc
	LEAQ 8(SP), DX          // argv
	XORL CX, CX
	XORL R8, R8
	MOVQ $const_loopAddress, DI
	ANDQ $~15, SP
	PUSHQ AX                // keeps the stack aligned
	PUSHQ DX                // the end of the stack
	MOVQ $const_importsAddress, AX
	MOVQ 0(AX), AX
	CALL AX
	INT  $3

// loop answers calls until the program is gone: it reads a function and its eight arguments from the socket, calls it, and
// writes its result. It begins by telling the addresses of dlopen, dlsym, dlerror and mmap.
TEXT loop<>(SB), NOSPLIT|NOFRAME, $0
	PUSHQ BX                // aligns the stack
	MOVQ $const_frameAddress, BX
	MOVL $1, AX             // write
	MOVL $const_socket, DI
	MOVQ $(const_importsAddress+8), SI
	MOVL $const_helloBytes, DX
	SYSCALL

next:
	XORL AX, AX             // read
	MOVL $const_socket, DI
	MOVQ BX, SI
	MOVL $const_frameBytes, DX
	SYSCALL
	CMPQ AX, $-4            // a signal came: EINTR
	JEQ  next
	CMPQ AX, $const_frameBytes
	JNE  end
	PUSHQ 64(BX)
	PUSHQ 56(BX)
	MOVQ 8(BX), DI
	MOVQ 16(BX), SI
	MOVQ 24(BX), DX
	MOVQ 32(BX), CX
	MOVQ 40(BX), R8
	MOVQ 48(BX), R9
	MOVQ 0(BX), R11
	XORL AX, AX             // no vector registers, where the function has a variable number of arguments
	CALL R11
	ADDQ $16, SP
	MOVQ AX, 0(BX)
	MOVL $1, AX             // write
	MOVL $const_socket, DI
	MOVQ BX, SI
	MOVL $8, DX
	SYSCALL
	JMP  next

end:
	MOVL $231, AX           // exit_group
	XORL DI, DI
	SYSCALL
	INT  $3
