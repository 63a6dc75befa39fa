/** Light, dark, or as the machine says. */

import { useQuery, useQueryClient } from "@tanstack/react-query";

export type Theme = "light" | "dark" | "system";

const STORED_AS = "answerable.theme";
const QUERY_KEY = ["theme"] as const;

function stored(): Theme {
  const theme = localStorage.getItem(STORED_AS);
  return theme === "light" || theme === "dark" ? theme : "system";
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const client = useQueryClient();
  const { data } = useQuery({ queryKey: QUERY_KEY, queryFn: stored, initialData: stored, staleTime: Infinity });
  const choose = (theme: Theme) => {
    if (theme === "system") {
      localStorage.removeItem(STORED_AS);
      delete document.documentElement.dataset.theme;
    } else {
      localStorage.setItem(STORED_AS, theme);
      document.documentElement.dataset.theme = theme;
    }
    client.setQueryData(QUERY_KEY, theme);
  };
  return [data, choose];
}
