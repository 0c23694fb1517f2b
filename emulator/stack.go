package emulator

import "strings"

// userFrames cuts a stack, as debug.Stack prints it, down to the user's frames:
// from below the panic to the first frame of the emulator. Each is a line
// "at function (file:line)".
func userFrames(stack []byte) string {
	lines := strings.Split(strings.TrimRight(string(stack), "\n"), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "panic(") {
			lines = lines[min(i+2, len(lines)):]
			break
		}
	}
	var b strings.Builder
	for i := 0; i+1 < len(lines); i += 2 {
		function, place := lines[i], strings.TrimSpace(lines[i+1])
		if strings.HasPrefix(function, "github.com/seed-36a2c969/emu/emulator.") {
			break
		}
		if strings.HasPrefix(function, "github.com/seed-36a2c969/emu/emulator/durable.") {
			continue
		}
		if cut := strings.LastIndex(function, "("); cut > 0 {
			function = function[:cut]
		}
		place, _, _ = strings.Cut(place, " +0x")
		b.WriteString("    at " + function + " (" + place + ")\n")
	}
	return strings.TrimRight(b.String(), "\n")
}
