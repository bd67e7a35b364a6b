//go:build !linux

package process

import (
	"os"
	"os/exec"
	"syscall"
)

// watchdog runs the program beside a reader of a pipe that the runner holds open: when the runner ends, however it ends, the pipe closes and the
// program is killed. It stands in for Linux's parent death signal.
const watchdog = `exec 3<&0
"$@" </dev/null 3<&- & program=$!
trap : TERM
(cat <&3 >/dev/null; kill -KILL $program 2>/dev/null) &
wait $program; status=$?
while kill -0 $program 2>/dev/null; do wait $program; status=$?; done
exit $status`

// bindToParent wraps the program in the watchdog. The returned function lets go of the pipe, once the program has ended.
func bindToParent(cmd *exec.Cmd) (release func(), err error) {
	if _, err := exec.LookPath(cmd.Path); err != nil {
		return nil, err
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Args = append([]string{"sh", "-c", watchdog, "sh", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
	cmd.Stdin = reader
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return func() { _ = reader.Close(); _ = writer.Close() }, nil
}

func lockThread()   {}
func unlockThread() {}
