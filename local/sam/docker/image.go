package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

const (
	// BaseImage is the image from which SAM makes the one that functions run in.
	BaseImage = "public.ecr.aws/lambda/provided:al2023-x86_64"
	// functionImage is what SAM makes of it.
	functionImage = "public.ecr.aws/lambda/provided:al2023-rapid-x86_64"
)

// A Base says where the image called BaseImage came from.
type Base string

const (
	// Found is an image that the engine had.
	Found Base = "the engine's own"
	// StandIn is one that was made here; RemoveImages removes it again.
	StandIn Base = "a stand-in made of busybox"
	// Pulled is AWS's, from its registry.
	Pulled Base = "pulled from its registry"
)

// EnsureBase has the engine have an image called BaseImage. Where there is none, a static busybox makes a stand-in without a registry: a shell, and what
// SAM's RUN step needs. It has no C library, so a function that isn't a static program fails in it. Without such a busybox, AWS's image is pulled.
func (e *Engine) EnsureBase(ctx context.Context) (Base, error) {
	if _, err := e.docker(ctx, nil, "image", "inspect", "--format", "{{.Id}}", BaseImage); err == nil {
		return Found, nil
	}
	busybox, err := findBusybox()
	if err == nil {
		return StandIn, e.makeStandIn(ctx, busybox)
	}
	ctx, cancel := context.WithTimeout(ctx, pullLimit)
	defer cancel()
	if _, pulling := e.docker(ctx, nil, "pull", "--quiet", BaseImage); pulling != nil {
		return "", fmt.Errorf("the engine has no image %s, a stand-in can't be made (%w), and it can't be pulled: %w", BaseImage, err, pulling)
	}
	return Pulled, nil
}

const pullLimit = 10 * time.Minute

func (e *Engine) makeStandIn(ctx context.Context, busybox string) error {
	content, err := archive(busybox)
	if err != nil {
		return err
	}
	args := []string{"import"}
	for _, change := range []string{
		"ENV PATH=/usr/local/bin:/usr/bin:/bin:/opt/bin", "ENV LANG=en_US.UTF-8", "ENV TZ=:/etc/localtime",
		"ENV LAMBDA_TASK_ROOT=/var/task", "ENV LAMBDA_RUNTIME_DIR=/var/runtime", "WORKDIR /var/task",
	} {
		args = append(args, "--change", change)
	}
	_, err = e.docker(ctx, content, append(args, "-", BaseImage)...)
	return err
}

// RemoveImages removes the stand-in and what SAM made of it, so that nobody takes it for AWS's.
func (e *Engine) RemoveImages(ctx context.Context) error {
	_, err := e.docker(ctx, nil, "image", "rm", "--force", functionImage, BaseImage)
	return err
}

// archive is the file system of the stand-in as tar.
func archive(busybox string) ([]byte, error) {
	program, err := os.ReadFile(busybox)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	err = w.WriteHeader(&tar.Header{Name: "bin/busybox", Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(program))})
	if err == nil {
		_, err = w.Write(program)
	}
	for _, applet := range []string{"sh", "mv", "chmod", "mkdir"} {
		err = errors.Join(err, w.WriteHeader(&tar.Header{Name: "bin/" + applet, Typeflag: tar.TypeSymlink, Linkname: "busybox", Mode: 0o777}))
	}
	return out.Bytes(), errors.Join(err, w.Close())
}

// findBusybox is the path of a busybox for the functions' processor that needs no C library.
func findBusybox() (string, error) {
	path, err := exec.LookPath("busybox")
	if err != nil {
		return "", errors.New("a static busybox is needed (Debian's busybox-static)")
	}
	program, err := elf.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	defer program.Close()
	if program.Machine != elf.EM_X86_64 {
		return "", fmt.Errorf("%s is for %s, and the functions are built for x86_64", path, strings.TrimPrefix(program.Machine.String(), "EM_"))
	}
	for _, segment := range program.Progs {
		if segment.Type == elf.PT_INTERP {
			return "", fmt.Errorf("%s isn't static (Debian's busybox-static is)", path)
		}
	}
	return path, nil
}
