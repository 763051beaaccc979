package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/clicktally/clicktally/runtime/store/topics"
)

// aclsCommand prints which login of a pipeline needs what in Kafka.
func aclsCommand() *cobra.Command {
	names := topics.Names{}
	principals := map[string]string{}
	output := ""
	cmd := &cobra.Command{
		Use:   "acls",
		Short: "Print the rights that each role needs in Kafka",
		Long: "Print the rights that each role needs in Kafka: as a table, or as lines for kafka-acls.sh, to which the server and\n" +
			"the administrator's login are added (--bootstrap-server, --command-config). Nothing is connected to.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			logins, err := principalsOf(principals)
			if err != nil {
				return err
			}
			acls := topics.ACLs(names, logins)
			switch output {
			case "table":
				return printACLs(cmd.OutOrStdout(), acls)
			case "commands":
				for _, acl := range acls {
					if _, err := fmt.Fprintln(cmd.OutOrStdout(), acl.Command()); err != nil {
						return err
					}
				}
				return nil
			}
			return fmt.Errorf("--output %s: write table or commands", output)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&names.Prefix, "topic-prefix", "clicktally", "spec.kafka.topicPrefix of the pipeline")
	flags.StringToStringVar(&principals, "principal", nil, "Kafka principals by role, such as tracker=User:ct-tracker (default: User:<topic-prefix>-<role>)")
	flags.StringVarP(&output, "output", "o", "table", "table, or commands for kafka-acls.sh")
	return cmd
}

func principalsOf(named map[string]string) (map[topics.Role]string, error) {
	logins := map[topics.Role]string{}
	for _, role := range topics.Roles() {
		if principal, ok := named[string(role)]; ok {
			if kind, name, ok := strings.Cut(principal, ":"); !ok || kind == "" || name == "" {
				return nil, fmt.Errorf("--principal %s=%s: write it as Kafka does, User:NAME", role, principal)
			}
			logins[role] = principal
		}
	}
	for role := range named {
		if _, ok := logins[topics.Role(role)]; !ok {
			return nil, fmt.Errorf("--principal %s: the roles are %v", role, topics.Roles())
		}
	}
	return logins, nil
}

func printACLs(to io.Writer, acls []topics.ACL) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ROLE\tPRINCIPAL\tRESOURCE\tNAME\tPATTERN\tOPERATIONS\tTO")
	for _, a := range acls {
		fmt.Fprintln(table, strings.Join([]string{
			string(a.Role), a.Principal, string(a.Resource), a.Name, a.Pattern(), strings.Join(a.OperationNames(), ", "), a.Why,
		}, "\t"))
	}
	return table.Flush()
}
