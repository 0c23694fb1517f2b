package program

// What the go command says, with files named as the user would name them: it names
// them from the folder that it runs in.

import (
	"bytes"
	"io"
	"path/filepath"
	"regexp"
)

// teller passes lines on.
type teller struct {
	out       io.Writer
	from, dir string // the go command's folder and the user's
	line      []byte // that has not ended
}

func (t *teller) Write(p []byte) (int, error) {
	t.line = append(t.line, p...)
	for {
		i := bytes.IndexByte(t.line, '\n')
		if i < 0 {
			return len(p), nil
		}
		t.tell(t.line[:i+1])
		t.line = t.line[i+1:]
	}
}

func (t *teller) flush() {
	if len(t.line) > 0 {
		t.tell(t.line)
	}
}

var placed = regexp.MustCompile(`^(\s*)([^\s:]+\.[A-Za-z]+)(:\d+)`)

func (t *teller) tell(line []byte) {
	if m := placed.FindSubmatchIndex(line); m != nil {
		if file := string(line[m[4]:m[5]]); !filepath.IsAbs(file) {
			line = append(append(line[:m[4]:m[4]], Shown(t.dir, filepath.Join(t.from, file))...), line[m[5]:]...)
		}
	}
	t.out.Write(line)
}
