import { useQuery } from "@tanstack/react-query";
import { useContext } from "react";
import { useFault } from "../api/faults";
import { approvalQuery } from "../api/queries";
import { Failed } from "../parts/small";
import { ApprovalCard } from "./ApprovalCard";
import { AskedContext, AskedSkeleton } from "./InConversation";

/** The card of what was asked for in a conversation, to decide on it there. */
export default function Asked() {
  const { approvalId, ...place } = useContext(AskedContext);
  const asked = useQuery(approvalQuery(approvalId));
  const { fault, again } = useFault(asked, approvalQuery(approvalId).queryKey);
  if (asked.data) return <ApprovalCard card={asked.data} {...place} />;
  return fault ? <Failed error={fault} what="approval" onRetry={again} /> : <AskedSkeleton />;
}
