package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/clicktally/clicktally/runtime/evaluate"
)

// explainFlags are the files and the visit.
type explainFlags struct {
	folders         []string
	tracker         string
	country         string
	userAgent       string
	address         string
	referrer        string
	at              string
	ipClicks        uint32
	deviceClicks    uint32
	sinceImpression time.Duration
	output          string
}

func explainCommand() *cobra.Command {
	f := explainFlags{}
	cmd := &cobra.Command{
		Use:   "explain -f DIR QUERY",
		Short: "Say what happens to a click, and why",
		Long: `Say what happens to a click with this query, or this whole link, and why: signals, score, route and
destination, by the trackers' own code and without a tracker. Nothing is looked up: what no flag
states is unknown.`,
		Example: `  clicktally explain -f config/samples 'cid=spring-sale&sub1=x' --user-agent curl/8.0 --address 198.51.100.7
  clicktally explain -f campaigns -f platform 'https://t.example.com/v1/click?cid=spring-sale&ad_id=ad-123'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runExplain(cmd.Context(), &f, cmd.Flags(), args[0], cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVarP(&f.folders, "filename", "f", nil, "file or folder with the YAML; may be stated again")
	flags.StringVar(&f.tracker, "tracker", "", "namespace/name of the tracker (default: the campaign's first)")
	flags.StringVar(&f.country, "country", "", "country of the address, such as DE")
	flags.StringVar(&f.userAgent, "user-agent", "", "User-Agent header")
	flags.StringVar(&f.address, "address", "", "address of the visitor")
	flags.StringVar(&f.referrer, "referer", "", "Referer header")
	flags.StringVar(&f.at, "at", "", "time of the click in RFC 3339 (default: now)")
	flags.Uint32Var(&f.ipClicks, "ip-clicks", 1, "clicks of the address on the campaign within each window, this one included")
	flags.Uint32Var(&f.deviceClicks, "device-clicks", 1, "clicks of the device (did) on the campaign within each window, this one included")
	flags.DurationVar(&f.sinceImpression, "since-impression", 0, "time since the visitor saw the ad, such as 200ms (default: no impression is known)")
	outputFlag(flags, &f.output)
	if err := cmd.MarkFlagRequired("filename"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

func runExplain(ctx context.Context, f *explainFlags, flags *pflag.FlagSet, query string, out io.Writer) error {
	visit, err := f.visit(query, flags.Changed("since-impression"))
	if err != nil {
		return err
	}
	if err := checkOutput(f.output); err != nil {
		return err
	}
	for _, path := range f.folders {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("read YAML: %w", err)
		}
	}
	config, err := evaluate.Load(ctx, f.folders...)
	if err != nil {
		return err
	}
	e, err := config.Explain(visit, f.tracker)
	if err != nil {
		return err
	}
	if f.output == outputJSON {
		return writeJSON(out, e)
	}
	return e.WriteText(out)
}

// visit reads the flags; the error names the one that is wrong.
func (f *explainFlags) visit(query string, impression bool) (*evaluate.Visit, error) {
	v := &evaluate.Visit{
		Query: query, UserAgent: f.userAgent, Referrer: f.referrer, Country: f.country,
		IPClicks: f.ipClicks, DeviceClicks: f.deviceClicks, Now: time.Now().UnixMilli(),
	}
	var err error
	if f.address != "" {
		if v.Address, err = netip.ParseAddr(f.address); err != nil {
			return nil, fmt.Errorf("--address: %q is not an IP address", f.address)
		}
	}
	if f.at != "" {
		at, err := time.Parse(time.RFC3339, f.at)
		if err != nil {
			return nil, fmt.Errorf("--at: write a time such as 2026-03-01T12:00:00Z, not %q", f.at)
		}
		v.Now = at.UnixMilli()
	}
	if impression {
		if f.sinceImpression < 0 || f.sinceImpression > maxSinceImpression {
			return nil, fmt.Errorf("--since-impression: must be between 0 and %s", maxSinceImpression)
		}
		v.SinceImpressionMs = new(uint32(f.sinceImpression.Milliseconds()))
	}
	if f.country != "" && !isCountry(f.country) {
		return nil, fmt.Errorf("--country: write two capital letters (ISO 3166-1), not %q", f.country)
	}
	return v, nil
}

// maxSinceImpression bounds --since-impression; trackers remember impressions for less.
const maxSinceImpression = 30 * 24 * time.Hour

func isCountry(s string) bool {
	return len(s) == 2 && 'A' <= s[0] && s[0] <= 'Z' && 'A' <= s[1] && s[1] <= 'Z'
}

// Forms of output.
const (
	outputText = "text"
	outputJSON = "json"
)

func outputFlag(flags *pflag.FlagSet, target *string) {
	flags.StringVarP(target, "output", "o", outputText, "text, or json for programs")
}

func checkOutput(output string) error {
	if output != outputText && output != outputJSON {
		return fmt.Errorf("--output: must be text or json, not %q", output)
	}
	return nil
}
