package standalone

import (
	"fmt"
	"strings"
)

// Banner tells what to try, with the address of each thing.
func (s *Standalone) Banner() string {
	var b strings.Builder
	line := func(what, value string) { fmt.Fprintf(&b, "  %-10s %s\n", what, value) }
	line("click", s.TrackerURL()+"/v1/click?cid="+s.anyCampaign())
	line("dashboard", s.QueryURL()+"/")
	line("stats", s.QueryURL()+"/v1/stats?group_by=campaign_id&open=true")
	line("live", s.QueryURL()+"/v1/stats/realtime")
	line("health", "http://"+s.admin.Addr().String()+"/readyz")
	line("kafka", s.servers.kafka.Addr()+"  (topics "+s.source.topics.Prefix+".*)")
	line("redis", s.servers.redis.Addr())
	if s.HasHistory() {
		line("clickhouse", "http://"+s.servers.clickHouse.Addr()+"/?query=SHOW+TABLES+FROM+"+s.source.database())
	} else {
		b.WriteString("\n  NO HISTORY: " + strings.ReplaceAll(s.servers.hint, "\n", "\n  ") + "\n  Clicks are redirected, scored, kept and counted live; history is computed once it is there.\n\n")
	}
	fmt.Fprintf(&b, "  %s from %s (watching); data in %s; Ctrl-C stops, state stays\n",
		loaded(s.latest.Load()), strings.Join(s.config.Dirs, ", "), s.config.Data)
	return b.String()
}

// anyCampaign is the id of a campaign to try, by preference one that is open.
func (s *Standalone) anyCampaign() string {
	id := "CAMPAIGN"
	for _, c := range s.latest.Load().Set.Objects.Campaigns {
		name := c.Name
		if c.Spec.ID != "" {
			name = string(c.Spec.ID)
		}
		id = name
		if c.Spec.State == "" || c.Spec.State == "Active" {
			return id
		}
	}
	return id
}
