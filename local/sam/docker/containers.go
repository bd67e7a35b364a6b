package docker

import (
	"context"
	"strings"
)

// RemoveContainers removes SAM's containers, running or not, of functions whose programs are below the directory code. SAM itself leaves some when it is
// interrupted while it starts them.
func (e *Engine) RemoveContainers(ctx context.Context, code string) error {
	all, err := e.docker(ctx, nil, "ps", "--all", "--no-trunc", "--filter", "label=sam.cli.container.type=lambda", "--format", "{{.ID}} {{.Mounts}}")
	if err != nil {
		return err
	}
	var ids []string
	for line := range strings.Lines(all) {
		if id, mounts, _ := strings.Cut(strings.TrimSpace(line), " "); strings.Contains(mounts, code+"/") {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err = e.docker(ctx, nil, append([]string{"rm", "--force", "--volumes"}, ids...)...)
	return err
}
