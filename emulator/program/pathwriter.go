package program

import (
	"bytes"
	"io"
	"path/filepath"
	"regexp"
)

// pathWriter rewrites the go command's lines. That names files from the folder that it runs in,
// and the user wants them from the working directory.
type pathWriter struct {
	out       io.Writer
	from, dir string // the go command's folder and the working directory
	line      []byte // the line that has not ended
}

func (w *pathWriter) Write(p []byte) (int, error) {
	w.line = append(w.line, p...)
	for {
		i := bytes.IndexByte(w.line, '\n')
		if i < 0 {
			return len(p), nil
		}
		w.writeLine(w.line[:i+1])
		w.line = w.line[i+1:]
	}
}

// flush writes a last line without an end.
func (w *pathWriter) flush() {
	if len(w.line) > 0 {
		w.writeLine(w.line)
	}
}

var placed = regexp.MustCompile(`^(\s*)([^\s:]+\.[A-Za-z]+)(:\d+)`)

func (w *pathWriter) writeLine(line []byte) {
	if m := placed.FindSubmatchIndex(line); m != nil {
		if file := string(line[m[4]:m[5]]); !filepath.IsAbs(file) {
			line = append(append(line[:m[4]:m[4]], Shown(w.dir, filepath.Join(w.from, file))...), line[m[5]:]...)
		}
	}
	w.out.Write(line)
}
