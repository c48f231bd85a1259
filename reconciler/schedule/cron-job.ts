/** The CronJob of an invoker, for installations where Kubernetes triggers the sessions. Pure. */
import type { PodSettings, ContainerSettings } from "../../shared/api/runtime-settings.ts";
import { Command, Container, Label, LabelValue } from "../../shared/contract.ts";
import { shortHash } from "../../shared/hash.ts";
import type { BackupInvokerView } from "../../shared/invoker.ts";
import { CRON_JOB_NAME_MAX_LENGTH, nameWithSuffix, validNameWithSuffix } from "../../shared/names.ts";
