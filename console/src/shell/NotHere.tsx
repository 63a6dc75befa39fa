import { Compass } from "lucide-react";
import { Link } from "wouter";
import { Empty } from "../parts/small";

export function NotHere() {
  return (
    <Empty isPage icon={<Compass className="i" />} title="There is no such page">
      <p>The address may be old, or a letter is missing.</p>
      <Link className="btn" to="/inbox/needs-you">
        Go to the inbox
      </Link>
    </Empty>
  );
}
