package config

// jsDate reports whether JavaScript's Date reads a string, as V8 does: an ISO
// 8601 date, or what browsers have always read, such as "01/02/2026" or
// "Jan 2, 2026". Wrangler accepts every such compatibility date.
//
// Source: https://tc39.es/ecma262/#sec-date.parse
func jsDate(s string) bool {
	d := &dateReader{tokens: dateTokens(s)}
	if !d.iso() {
		return false
	}
	return d.done || d.legacy() && d.write()
}

// lastYear is the last that JavaScript's dates reach.
const lastYear = 275760

// noNumber is the minute of a zone that has only an hour yet.
const noNumber = -1 << 31

// dateReader gathers the parts of a date.
type dateReader struct {
	tokens     []dateToken
	day        []int
	time       []int
	month      int // of a month's name, or 0
	noon       int // what am or pm adds to the hour
	halfDay    bool
	zoneHour   int
	zoneMinute int
	zoned      bool
	done       bool // all was an ISO 8601 date
}

func (d *dateReader) peek() dateToken {
	if len(d.tokens) == 0 {
		return dateToken{}
	}
	return d.tokens[0]
}

func (d *dateReader) next() dateToken {
	t := d.peek()
	if len(d.tokens) > 0 {
		d.tokens = d.tokens[1:]
	}
	return t
}

func (d *dateReader) skip(kind byte) bool {
	if d.peek().kind != kind {
		return false
	}
	d.next()
	return true
}

// fixed takes a number of so many digits in a range.
func (d *dateReader) fixed(length, least, most int) (n int, ok bool) {
	t := d.peek()
	if t.kind != '0' || t.length != length || t.n < least || t.n > most {
		return 0, false
	}
	return d.next().n, true
}

// iso reads as much of an ISO 8601 date as there is. It reports false if the
// string can be no date at all.
func (d *dateReader) iso() bool {
	if sign := d.peek().kind; sign == '-' || sign == '+' {
		rest := d.tokens
		d.next()
		year, ok := d.fixed(6, 0, 999999)
		if !ok || sign == '-' && year == 0 || year > lastYear {
			d.tokens = rest[1:]
			return true
		}
		d.day = append(d.day, year)
	} else if year, ok := d.fixed(4, 0, 9999); ok {
		d.day = append(d.day, year)
	} else {
		return true
	}
	if d.skip('-') {
		month, ok := d.fixed(2, 1, 12)
		if !ok {
			return true
		}
		d.day = append(d.day, month)
		if d.skip('-') {
			day, ok := d.fixed(2, 1, 31)
			if !ok {
				return true
			}
			d.day = append(d.day, day)
		}
	}
	if d.peek().kind == 't' {
		d.next()
		d.done = d.isoTime()
		return d.done
	}
	d.done = d.peek().kind == 0
	return true
}

func (d *dateReader) isoTime() bool {
	hour, ok := d.fixed(2, 0, 24)
	if !ok || !d.skip(':') {
		return false
	}
	most := 59
	if hour == 24 {
		most = 0
	}
	if _, ok = d.fixed(2, 0, most); !ok {
		return false
	}
	if d.skip(':') {
		if _, ok = d.fixed(2, 0, most); !ok {
			return false
		}
		if d.skip('.') {
			if t := d.next(); t.kind != '0' || hour == 24 && t.n > 0 {
				return false
			}
		}
	}
	if t := d.peek(); t.kind == 'z' && t.length == 1 {
		d.next()
	} else if t.kind == '+' || t.kind == '-' {
		d.next()
		if zone, ok := d.fixed(4, 0, 2359); ok {
			if zone%100 > 59 {
				return false
			}
		} else if _, ok := d.fixed(2, 0, 23); !ok || !d.skip(':') {
			return false
		} else if _, ok := d.fixed(2, 0, 59); !ok {
			return false
		}
	}
	return d.peek().kind == 0
}

// expecting reports whether a number can be the next part of the time.
func (d *dateReader) expecting(n int) bool {
	switch len(d.time) {
	case 1, 2:
		return n < 60
	case 3:
		return n < 1000
	}
	return false
}

// final ends the time with a number.
func (d *dateReader) final(n int) {
	for d.time = append(d.time, n); len(d.time) < 4; {
		d.time = append(d.time, 0)
	}
}

// legacy reads the tokens that are left as browsers do.
func (d *dateReader) legacy() bool {
	numbers := len(d.day) > 0
	for len(d.tokens) > 0 {
		switch t := d.next(); t.kind {
		case '0':
			numbers = true
			if !d.legacyNumber(t.n) {
				return false
			}
		case 'm':
			d.month = t.n
			d.skip('-')
		case 'a', 'z', 't', 'w':
			switch {
			case t.kind == 'a' && len(d.time) > 0:
				d.halfDay, d.noon = true, t.n
			case t.kind == 'z' && numbers:
				d.zoned, d.zoneHour, d.zoneMinute = true, t.n, 0
			case numbers, d.peek().kind == '0':
				return false
			}
		case '+', '-':
			if d.zoned && d.zoneHour == 0 && d.zoneMinute == 0 || len(d.time) > 0 {
				numbers = true
				if !d.legacyZone() {
					return false
				}
			} else if numbers {
				return false
			}
		case ')':
			if numbers {
				return false
			}
		}
	}
	return true
}

func (d *dateReader) legacyNumber(n int) bool {
	dot := false
	if d.skip(':') {
		if d.skip(':') {
			if len(d.time) > 0 {
				return false
			}
			d.time = append(d.time, n, 0)
			return true
		}
		if len(d.time) >= 4 {
			return false
		}
		d.time = append(d.time, n)
		d.skip('.')
		return true
	}
	dot = d.skip('.')
	switch {
	case dot && d.expecting(n):
		d.time = append(d.time, n)
		if d.peek().kind != '0' {
			return false
		}
		d.next()
		d.final(0)
	case d.zoned && d.zoneMinute == noNumber && n < 60:
		d.zoneMinute = n
	case d.expecting(n):
		d.final(n)
		switch t := d.peek(); t.kind {
		case 0, ' ', '+', '-':
		case 'z':
			return t.length == 1
		default:
			return false
		}
	default:
		if len(d.day) >= 3 {
			return false
		}
		d.day = append(d.day, n)
		d.skip('-')
	}
	return true
}

func (d *dateReader) legacyZone() bool {
	n, length := 0, 0
	if t := d.peek(); t.kind == '0' {
		d.next()
		n, length = t.n, t.length
	}
	d.zoned = true
	switch {
	case d.peek().kind == ':':
		d.zoneHour, d.zoneMinute = n, noNumber
	case length == 1 || length == 2:
		d.zoneHour, d.zoneMinute = n, 0
	case length == 3 || length == 4:
		d.zoneHour, d.zoneMinute = n/100, n%100
	default:
		return false
	}
	return true
}

// write reports whether the parts are a date.
func (d *dateReader) write() bool {
	given := len(d.day)
	if given < 1 {
		return false
	}
	parts := [3]int{1, 1, 1}
	copy(parts[:], d.day)
	isDay := func(n int) bool { return n >= 1 && n <= 31 }
	year, month, day := 0, d.month, 0
	switch {
	case month == 0 && !isDay(parts[0]):
		year, month, day = parts[0], parts[1], parts[2]
	case month == 0:
		month, day = parts[0], parts[1]
		if given == 3 {
			year = parts[2]
		}
	case !isDay(parts[0]):
		year, day = parts[0], parts[1]
	default:
		day, year = parts[0], parts[1]
	}
	if year > lastYear || month < 1 || month > 12 || !isDay(day) {
		return false
	}
	clock := [4]int{}
	copy(clock[:], d.time)
	if d.halfDay {
		if clock[0] > 12 {
			return false
		}
		clock[0] = clock[0]%12 + d.noon
	}
	return clock[0] < 24 && clock[1] < 60 && clock[2] < 60 && clock[3] < 1000 || clock == [4]int{24}
}
