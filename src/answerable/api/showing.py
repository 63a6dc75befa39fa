"""From records to what goes through the reps' door."""

from datetime import timedelta

from answerable.api.plain_words import title_of
from answerable.api.shapes import (
    CitationCard,
    ConversationDetail,
    CustomerCard,
    EarlierMessages,
    EpisodeCard,
    HandoffCard,
    InboxRow,
    MessageCard,
    MoneyCard,
    PageCard,
    RepRow,
    RunCard,
    SpanCard,
    StripBar,
    WaitingCard,
)
from answerable.conversations import Detail, Row, Stretch
from answerable.conversations.looking import Strip
from answerable.domain.actions import ActionCall, Approval
from answerable.domain.conversations import Message
from answerable.domain.money import Money
from answerable.domain.people import Customer, Rep
from answerable.domain.runs import Run, Span

MICROSECOND = timedelta(microseconds=1)


def rep_row(rep: Rep) -> RepRow:
    """A person who works here."""
    return RepRow(
        id=rep.id, name=rep.name, email=rep.email, role=rep.role, active=rep.active, created_at=rep.created_at
    )


def customer_card(customer: Customer) -> CustomerCard:
    """Who is asking."""
    return CustomerCard(
        id=customer.id,
        name=customer.name,
        email=customer.email,
        identity=customer.identity,
        attributes=customer.attributes,
        created_at=customer.created_at,
    )


def strip_bars(strip: Strip) -> list[StripBar]:
    """The step strip."""
    return [StripBar(kind=kind, duration_us=duration, state=state) for kind, duration, state in strip]


def money_card(moves: Money | None) -> MoneyCard | None:
    """An amount of money."""
    return MoneyCard(amount=str(moves.amount), currency=moves.currency) if moves is not None else None


def waiting_card(approval: Approval, call: ActionCall) -> WaitingCard:
    """Something that a person must decide on."""
    return WaitingCard(
        approval_id=approval.id,
        title=title_of(call.action),
        money=money_card(call.money),
        role=approval.role,
        expires_at=approval.expires_at,
    )


def inbox_row(row: Row) -> InboxRow:
    """A conversation in a list."""
    conversation = row.conversation
    return InboxRow(
        id=conversation.id,
        subject=conversation.subject,
        customer=customer_card(row.customer),
        proved_until=row.proved_until,
        surface=conversation.surface,
        status=conversation.status,
        handled_by=conversation.handled_by,
        waiting_on=conversation.waiting_on,
        assignee_id=conversation.assignee_id,
        assignee_name=row.assignee_name,
        why=conversation.why,
        last_text=row.listed.last_text,
        last_author=row.listed.last_author,
        strip=strip_bars(row.strip),
        agent_is_writing=conversation.running_turn_id is not None,
        approvals=[waiting_card(approval, call) for approval, call in row.waiting],
        waiting_since=row.listed.waiting_since,
        changed_at=conversation.changed_at,
    )


def message_card(message: Message, rep_names: dict[str, str]) -> MessageCard:
    """One thing one author said."""
    decision = message.decision
    return MessageCard(
        id=message.id,
        number=message.number,
        author=message.author,
        rep_id=message.rep_id,
        rep_name=rep_names.get(message.rep_id) if message.rep_id else None,
        text=message.text,
        turn_id=message.turn_id,
        run_id=message.run_id,
        decision=decision.kind if decision else None,
        confidence=decision.confidence if decision else None,
        reason=decision.reason if decision else None,
        citations=[
            CitationCard(
                number=each.number,
                title=each.title,
                url=each.url,
                quote=each.quote,
                passage_id=each.passage_id,
                article_id=each.article_id,
                revision_id=each.revision_id,
            )
            for each in message.citations
        ],
        page=PageCard(title=message.page.title, path=message.page.path) if message.page else None,
        helpful=message.helpful,
        created_at=message.created_at,
    )


def run_card(run: Run, strip: Strip) -> RunCard:
    """How an answer came about, in one line."""
    return RunCard(
        id=run.id,
        turn_id=run.turn_id,
        state=run.state,
        decision=run.decision,
        confidence=run.confidence,
        reason=run.reason,
        release=run.release,
        model=run.model,
        tokens_in=run.usage.tokens_in,
        tokens_out=run.usage.tokens_out,
        cost_micros=run.usage.cost_micros,
        started_at=run.started_at,
        duration_us=(run.ended_at - run.started_at) // MICROSECOND if run.ended_at else None,
        strip=strip_bars(strip),
    )


def span_card(span: Span, run: Run) -> SpanCard:
    """One step."""
    return SpanCard(
        id=span.id,
        parent_id=span.parent_id,
        number=span.number,
        kind=span.kind,
        name=span.name,
        summary=span.summary,
        state=span.state,
        input=span.input,
        output=span.output,
        error=span.error,
        tokens_in=span.usage.tokens_in,
        tokens_out=span.usage.tokens_out,
        cost_micros=span.usage.cost_micros,
        offset_us=max(0, (span.started_at - run.started_at) // MICROSECOND),
        duration_us=span.duration_us,
    )


def earlier_messages(stretch: Stretch) -> EarlierMessages:
    """A stretch of what was said."""
    return EarlierMessages(
        messages=[message_card(each, stretch.rep_names) for each in stretch.messages],
        runs=[run_card(run, strip) for run, strip in stretch.runs],
        has_earlier=stretch.has_earlier,
    )


def conversation_detail(detail: Detail) -> ConversationDetail:
    """A conversation with what was said last."""
    conversation, newest = detail.row.conversation, earlier_messages(detail.newest)
    return ConversationDetail(
        row=inbox_row(detail.row),
        release=conversation.release,
        language=conversation.language,
        opened_at=conversation.opened_at,
        episodes=[
            EpisodeCard(
                id=each.id,
                number=each.number,
                opened_at=each.opened_at,
                resolved_at=each.resolved_at,
                resolved_by=each.resolved_by,
            )
            for each in detail.episodes
        ],
        messages=newest.messages,
        runs=newest.runs,
        has_earlier=newest.has_earlier,
        handoffs=[
            HandoffCard(
                id=each.id,
                reason=each.reason,
                summary=each.summary,
                tried=list(each.tried),
                question=each.question,
                run_id=each.run_id,
                created_at=each.created_at,
            )
            for each in detail.handoffs
        ],
        other_conversations=[inbox_row(each) for each in detail.others],
        last_event_id=detail.last_event_id,
        identity=detail.row.customer.identity,
    )
