import { Dialog } from "@base-ui/react/dialog";
import { Tabs } from "@base-ui/react/tabs";
import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { conversationQuery } from "../api/queries";
import type { ConversationDetail, RunCard } from "../api/types";
import { Loading, Skeleton } from "../parts/small";
import { LaterPart } from "../shell/later";
import { CustomerTab } from "./CustomerTab";
import { HistoryTab } from "./HistoryTab";
import { SourcesTab } from "./SourcesTab";
import { TraceTab } from "./TraceTab";
import { type PanelTab, useTracePanel } from "./usePanel";

/** How the answers came about, beside the conversation. */
export function TraceColumn({ conversationId }: { conversationId: string }) {
  return (
    <section className="col trace-col" aria-label="Trace, sources and customer">
      <Panel conversationId={conversationId} />
    </section>
  );
}

/** The same over the conversation, where there is no room beside it. */
export function TraceOverlay({ conversationId }: { conversationId: string }) {
  const panel = useTracePanel();
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && panel.close()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop light" />
        <Dialog.Popup className="trace-over" aria-label="Trace, sources and customer">
          <Panel
            conversationId={conversationId}
            close={
              <Dialog.Close className="btn ghost icon end" aria-label="Close">
                <X className="i" aria-hidden="true" />
              </Dialog.Close>
            }
          />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Panel({ conversationId, close }: { conversationId: string; close?: ReactNode }) {
  const panel = useTracePanel();
  const { data: detail, failureReason } = useQuery(conversationQuery(conversationId));
  const run = detail ? runOf(detail, panel.runId) : undefined;
  const message = run && detail?.messages.findLast((one) => one.run_id === run.id);
  const sources = message?.citations.length ?? 0;
  return (
    <Tabs.Root className="panel" value={panel.tab} onValueChange={(tab) => panel.open(tab as PanelTab)}>
      <div className="tabs-bar">
        <Tabs.List className="tabs" aria-label="About this conversation">
          <Tabs.Tab value="trace">Trace</Tabs.Tab>
          <Tabs.Tab value="sources">Sources {sources > 0 && <span className="dim num">{sources}</span>}</Tabs.Tab>
          <Tabs.Tab value="customer">Customer</Tabs.Tab>
          <Tabs.Tab value="history">History</Tabs.Tab>
          <Tabs.Tab value="act">Act</Tabs.Tab>
        </Tabs.List>
        {close}
      </div>
      {detail ? (
        <>
          <Tabs.Panel value="trace" className="scroll">
            <TraceTab detail={detail} run={run} />
          </Tabs.Panel>
          <Tabs.Panel value="sources" className="scroll">
            <SourcesTab run={run} citations={message?.citations ?? []} />
          </Tabs.Panel>
          <Tabs.Panel value="customer" className="scroll">
            <CustomerTab detail={detail} />
          </Tabs.Panel>
          <Tabs.Panel value="history" className="scroll">
            <HistoryTab detail={detail} />
          </Tabs.Panel>
          <Tabs.Panel value="act" className="scroll">
            <LaterPart name="act" />
          </Tabs.Panel>
        </>
      ) : failureReason ? (
        <p className="dim pad">There is nothing to show beside it.</p>
      ) : (
        <Loading what="the trace">
          <div className="sumrow">
            <Skeleton width="60%" height={32} />
          </div>
          <div className="steps">
            {[0, 1, 2, 3, 4].map((place) => (
              <div className="step-skeleton" key={place}>
                <Skeleton width={`${60 - place * 6}%`} />
              </div>
            ))}
          </div>
        </Loading>
      )}
    </Tabs.Root>
  );
}

/** The run that was chosen, otherwise the newest. */
function runOf(detail: ConversationDetail, chosen: string | null): RunCard | undefined {
  return detail.runs.find((run) => run.id === chosen) ?? detail.runs.at(-1);
}
