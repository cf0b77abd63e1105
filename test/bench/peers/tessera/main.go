// Tessera on files, with persistent deduplication, appended to as fast as it takes entries. Lines on
// stdin: "bulk N", "one N", "provable N"; each is answered with the milliseconds that it took.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	badger "github.com/transparency-dev/tessera/storage/posix/antispam"
	"golang.org/x/mod/sumdb/note"
)

const (
	origin     = "strongroom.invalid/peer"
	entryBytes = 300
	adders     = 256
)

type add func(ctx context.Context, entry []byte) error

func main() {
	folder := flag.String("folder", "", "where the log lies")
	flag.Parse()
	ctx := context.Background()
	appender, awaiter, shutdown := open(ctx, *folder)
	durable := func(ctx context.Context, entry []byte) error {
		_, err := appender.Add(ctx, tessera.NewEntry(entry))()
		return err
	}
	provable := func(ctx context.Context, entry []byte) error {
		_, _, err := awaiter.Await(ctx, appender.Add(ctx, tessera.NewEntry(entry)))
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	fmt.Println("ready")
	for lines.Scan() {
		var kind string
		var count int
		if _, err := fmt.Sscanf(lines.Text(), "%s %d", &kind, &count); err != nil {
			log.Fatalf("read %q: %v", lines.Text(), err)
		}
		switch kind {
		case "bulk":
			fmt.Println(run(ctx, count, adders, durable))
		case "one":
			fmt.Println(run(ctx, count, 1, durable))
		case "provable":
			fmt.Println(run(ctx, count, adders, provable))
		default:
			log.Fatalf("no kind %q", kind)
		}
	}
	if err := shutdown(ctx); err != nil {
		log.Fatal(err)
	}
}

func open(ctx context.Context, folder string) (*tessera.Appender, *tessera.PublicationAwaiter, func(context.Context) error) {
	key, _, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		log.Fatal(err)
	}
	signer, err := note.NewSigner(key)
	if err != nil {
		log.Fatal(err)
	}
	driver, err := posix.New(ctx, posix.Config{Path: folder})
	if err != nil {
		log.Fatal(err)
	}
	known, err := badger.NewAntispam(ctx, filepath.Join(folder, ".state", "antispam"), badger.AntispamOpts{})
	if err != nil {
		log.Fatal(err)
	}
	// Batching as it comes: 256 entries or 250 ms. A checkpoint each second, the least that it allows by default.
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithCheckpointInterval(time.Second).
		WithAntispam(tessera.DefaultAntispamInMemorySize, known)
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		log.Fatal(err)
	}
	return appender, tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 50*time.Millisecond), shutdown
}

// run adds new random entries, made before the clock starts, and returns milliseconds. An entry that
// is pushed back is offered again, as a client would.
func run(ctx context.Context, count, workers int, one add) float64 {
	entries := make([][]byte, count)
	for i := range entries {
		entries[i] = make([]byte, entryBytes)
		if _, err := rand.Read(entries[i]); err != nil {
			log.Fatal(err)
		}
	}
	var next atomic.Int64
	var all sync.WaitGroup
	startedAt := time.Now()
	for range workers {
		all.Add(1)
		go func() {
			defer all.Done()
			for at := int(next.Add(1)) - 1; at < count; at = int(next.Add(1)) - 1 {
				for {
					err := one(ctx, entries[at])
					if err == nil {
						break
					}
					if !errors.Is(err, tessera.ErrPushback) {
						log.Fatal(err)
					}
					time.Sleep(time.Millisecond)
				}
			}
		}()
	}
	all.Wait()
	return float64(time.Since(startedAt).Microseconds()) / 1000
}
