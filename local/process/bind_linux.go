package process

import (
	"os/exec"
	"runtime"
	"syscall"
)

// bindToParent has the kernel kill the program when the thread that started it ends, which is when the runner does: see run.
func bindToParent(cmd *exec.Cmd) (release func(), err error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return func() {}, nil
}

func lockThread()   { runtime.LockOSThread() }
func unlockThread() { runtime.UnlockOSThread() }
